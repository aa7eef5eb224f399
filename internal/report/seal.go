package report

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"

	"relock/internal/job"
)

// Sealer is a ledger that keeps seals.
type Sealer interface {
	Ledger
	// SetSeal keeps the seal of a job, once.
	SetSeal(ctx context.Context, id string, s job.Seal) error
}

// Seal computes the root of a job that is over, signs it if key is not nil, and
// keeps it with the job. It is for the worker, when a job has ended. Sealing a
// job again as it is changes nothing.
func Seal(ctx context.Context, led Sealer, id string, key ed25519.PrivateKey) (job.Seal, error) {
	j, r, t, err := read(ctx, led, id)
	if err != nil {
		return job.Seal{}, err
	}
	if left := t.unsettled(j); left != "" {
		return job.Seal{}, fmt.Errorf("job %s is %s: its records still change", id, left)
	}
	s := job.Seal{}
	s.Root, s.Leaves = r.root()
	s = Sign(led.ID(), id, s, key)
	if err := led.SetSeal(ctx, id, s); err != nil {
		return s, fmt.Errorf("keeping the seal of job %s: %w", id, err)
	}
	return s, nil
}

// Sign adds a signature to a seal; without a key it returns the seal as it is.
func Sign(ledgerID, id string, s job.Seal, key ed25519.PrivateKey) job.Seal {
	if key == nil {
		return s
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok { // not for a key of this type
		return s
	}
	s.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, Statement(ledgerID, id, s)))
	s.PublicKey = base64.StdEncoding.EncodeToString(public)
	return s
}

// Statement is what is signed: five lines that openssl verifies as well.
func Statement(ledgerID, id string, s job.Seal) []byte {
	return fmt.Appendf(nil, "relock seal 1\nledger %q\njob %q\nleaves %d\nroot %s\n", ledgerID, id, s.Leaves, s.Root)
}

// signed reports whether the seal carries a valid signature by the key.
func signed(ledgerID, id string, s job.Seal, key ed25519.PublicKey) bool {
	sig, err := base64.StdEncoding.DecodeString(s.Signature)
	return err == nil && ed25519.Verify(key, Statement(ledgerID, id, s), sig)
}

// ownSignature reports whether a seal's signature is that of the key beside it. Who
// can write the ledger can make it so with a key of their own.
func ownSignature(ledgerID, id string, s job.Seal) bool {
	key, err := base64.StdEncoding.DecodeString(s.PublicKey)
	return err == nil && len(key) == ed25519.PublicKeySize && signed(ledgerID, id, s, key)
}

// unsettled says why the records of a job still change; empty if they do not.
func (t *tally) unsettled(j job.Job) string {
	n := t.signOuts[job.SignOutPending]
	if j.State.Over() && t.pending == 0 && n == 0 {
		return ""
	}
	return fmt.Sprintf("%s with %d targets and %d sign-outs pending", j.State, t.pending, n)
}
