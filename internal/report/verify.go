package report

import (
	"context"
	"crypto/ed25519"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"strings"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Trust is what a verifier brings from outside the ledger. Whoever can write the
// ledger can change records, root and signature alike; they cannot change this.
type Trust struct {
	// Root is the root as the worker printed it, in hexadecimal; or empty.
	Root string
	// Key is the public key of the key that signed; or nil.
	Key ed25519.PublicKey
	// Signature, in base64, stands for that of the job's seal; or empty.
	Signature string
}

// Verdict is what a verification found.
type Verdict struct {
	Job   job.Job
	Seal  *job.Seal
	State SealState
	// Root and Leaves are of the records as they are now.
	Root   string
	Leaves int64
	// Whole is whether nothing was found to be changed, and Proved whether
	// something from outside the ledger says so.
	Whole, Proved bool
	// Unlisted is how many targets the ledger never had, because enqueue was
	// interrupted before the job was cancelled.
	Unlisted int64
	// Problems are what was found, one sentence each, without its full stop.
	Problems []string
}

// Verify computes the root of a job's records and compares it with what is
// trusted, and where nothing is, with the job's own seal.
func Verify(ctx context.Context, led Ledger, id string, trust Trust) (Verdict, error) {
	j, r, t, err := read(ctx, led, id)
	if errors.Is(err, ErrOrder) {
		return Verdict{Job: j, Seal: j.Seal, State: SealBroken, Problems: []string{ErrOrder.Error()}}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	totals, err := led.Totals(ctx, id)
	if err != nil {
		return Verdict{}, fmt.Errorf("reading the totals of job %s: %w", id, err)
	}
	v := Verdict{Job: j, Seal: j.Seal}
	v.Root, v.Leaves = r.root()
	v.State = sealState(j.Seal, v.Root, v.Leaves)
	problem := func(format string, args ...any) { v.Problems = append(v.Problems, fmt.Sprintf(format, args...)) }
	if left := t.unsettled(j); left != "" {
		problem("the job is %s: its records still change, and its root with them", left)
	}
	if !sameTotals(totals, t.totals()) {
		problem("the ledger's own counters are not those of its records")
	}
	sent, err := led.Sent(ctx, id)
	if err != nil {
		return Verdict{}, fmt.Errorf("reading how far job %s is sent: %w", id, err)
	}
	if j.State == job.StateFinished && sent != ledger.SentAll {
		problem("the job is finished, and the ledger says that not all of it was sent")
	}
	v.Unlisted = unlisted(j, t.targets, sent)
	if j.Counts.Targets != t.targets+v.Unlisted {
		problem("the job was to have %d targets, and the ledger has %d records", j.Counts.Targets, t.targets)
	}
	if v.State == SealBroken {
		problem("the records do not give the root of the job's own seal, %s over %d leaves", j.Seal.Root, j.Seal.Leaves)
	}
	if trust.Root != "" && subtle.ConstantTimeCompare([]byte(strings.ToLower(trust.Root)), []byte(v.Root)) != 1 {
		problem("the records do not give the root that was kept outside")
	}
	if v.State != SealNone && j.Seal.Signature != "" && !ownSignature(led.ID(), id, *j.Seal) {
		problem("the signature of the job's seal is not that of the public key beside it")
	}
	if trust.Key != nil {
		v.checkSignature(led.ID(), trust, problem)
	}
	v.Whole = len(v.Problems) == 0
	v.Proved = v.Whole && (trust.Root != "" || trust.Key != nil)
	return v, nil
}

// checkSignature looks at the signature over the root that the records give now,
// whatever root the seal claims.
func (v *Verdict) checkSignature(ledgerID string, trust Trust, problem func(string, ...any)) {
	now := job.Seal{Root: v.Root, Leaves: v.Leaves, Signature: trust.Signature}
	if now.Signature == "" && v.Seal != nil {
		now.Signature = v.Seal.Signature
	}
	switch {
	case now.Signature == "" && v.Seal == nil:
		problem("the job has no seal, and so no signature")
	case now.Signature == "":
		problem("the job's seal is not signed")
	case !signed(ledgerID, v.Job.ID, now, trust.Key):
		problem("the records and the signature do not fit the public key: records were changed, or another key signed")
	}
}

// unlisted is how many targets of a job that was cancelled enqueue had not listed
// yet when it was interrupted; nobody can list them any more.
func unlisted(j job.Job, listed, sent int64) int64 {
	if j.State != job.StateCancelled || sent == ledger.SentAll {
		return 0
	}
	return max(0, j.Counts.Targets-listed)
}

// sameTotals compares the counters, where an outcome that nobody has may be named
// or not.
func sameTotals(a, b ledger.Totals) bool {
	return a.Targets == b.Targets && a.Pending == b.Pending && a.Repeated == b.Repeated && a.Last.Equal(b.Last) &&
		maps.Equal(some(a.Outcomes), some(b.Outcomes)) && maps.Equal(some(a.SignOuts), some(b.SignOuts))
}

func some[K comparable](m map[K]int64) map[K]int64 {
	m = maps.Clone(m)
	maps.DeleteFunc(m, func(_ K, n int64) bool { return n == 0 })
	return m
}
