package cli

import (
	"io"
	"time"

	"relock/internal/job"
	"relock/internal/report"
)

// evidenceJSON is the evidence of a job; the names are part of the interface.
type evidenceJSON struct {
	Event    string           `json:"event"` // evidence
	Version  string           `json:"version"`
	Made     time.Time        `json:"made"`
	Ledger   string           `json:"ledger"`
	Job      string           `json:"job"`
	Pool     string           `json:"user_pool_id"`
	Region   string           `json:"region"`
	State    job.State        `json:"state"`
	Reason   string           `json:"reason,omitempty"`
	Parent   string           `json:"parent,omitempty"`
	By       string           `json:"by"`
	Sources  []job.Source     `json:"sources"`
	Policy   job.Policy       `json:"policy"`
	Plan     job.Plan         `json:"plan"`
	Counts   job.Counts       `json:"counts"`
	SentAll  bool             `json:"sent_all"`
	Settled  bool             `json:"settled"`
	Balanced bool             `json:"balanced"`
	Created  time.Time        `json:"created"`
	Opened   *time.Time       `json:"opened,omitempty"`
	Finished *time.Time       `json:"finished,omitempty"`
	Targets  int64            `json:"targets"`
	Pending  int64            `json:"pending"`
	Reset    int64            `json:"reset"`
	Failed   int64            `json:"failed"`
	Repeated int64            `json:"repeated"`
	Calls    int64            `json:"calls"`
	First    *time.Time       `json:"first_outcome,omitempty"`
	Last     *time.Time       `json:"last_outcome,omitempty"`
	Outcomes []outcomeRowJSON `json:"outcomes"`
	SignOuts []signOutRowJSON `json:"sign_outs"`
	Curve    curveJSON        `json:"curve"`
	Chain    []linkJSON       `json:"chain"`
	Root     string           `json:"root"`
	Leaves   int64            `json:"leaves"`
	Seal     *job.Seal        `json:"seal"`
	Sealed   report.SealState `json:"sealed"`
}

type codeJSON struct {
	Code string `json:"code"`
	N    int64  `json:"n"`
}

type outcomeRowJSON struct {
	Outcome   job.Outcome      `json:"outcome"`
	N         int64            `json:"n"`
	CanSignIn report.CanSignIn `json:"can_sign_in"`
	Why       string           `json:"why"`
	Remedy    string           `json:"remedy,omitempty"`
	Codes     []codeJSON       `json:"codes,omitempty"`
}

type signOutRowJSON struct {
	State job.SignOut `json:"state"`
	N     int64       `json:"n"`
	Codes []codeJSON  `json:"codes,omitempty"`
}

type curveJSON struct {
	WidthSeconds int64        `json:"width_seconds"`
	Buckets      []bucketJSON `json:"buckets"`
}

type bucketJSON struct {
	Start  time.Time `json:"start"`
	Reset  int64     `json:"reset"`
	Failed int64     `json:"failed"`
	Other  int64     `json:"other"`
}

type linkJSON struct {
	Job      string     `json:"job"`
	Parent   string     `json:"parent,omitempty"`
	This     bool       `json:"this"`
	State    job.State  `json:"state"`
	Reason   string     `json:"reason,omitempty"`
	By       string     `json:"by"`
	Created  time.Time  `json:"created"`
	Finished *time.Time `json:"finished,omitempty"`
	Targets  int64      `json:"targets"`
	Pending  int64      `json:"pending"`
	Reset    int64      `json:"reset"`
	Failed   int64      `json:"failed"`
}

type userJSON struct {
	List        string       `json:"list"`
	Line        int64        `json:"line"`
	Username    job.Username `json:"username"`
	Outcome     job.Outcome  `json:"outcome"`
	Repeated    bool         `json:"repeated"`
	Code        string       `json:"code,omitempty"`
	Note        string       `json:"note,omitempty"`
	RequestID   string       `json:"request_id,omitempty"`
	At          *time.Time   `json:"at,omitempty"`
	SignOut     job.SignOut  `json:"sign_out,omitempty"`
	SignOutCode string       `json:"sign_out_code,omitempty"`
}

// evidenceToJSON writes the evidence as one object; with usernames, the users that
// were not plainly reset follow, a line each, so that none has to be held.
func evidenceToJSON(w io.Writer, e report.Evidence) error {
	j := e.Job
	v := evidenceJSON{
		Event: "evidence", Version: e.Version, Made: e.Made, Ledger: e.Ledger,
		Job: j.ID, Pool: j.Pool, Region: j.Region, State: j.State, Reason: j.Reason, Parent: j.Parent, By: j.StartedBy,
		Sources: j.Sources, Policy: j.Policy, Plan: j.Plan, Counts: j.Counts, SentAll: e.SentAll, Settled: e.Settled, Balanced: e.Balanced,
		Created: j.Created.UTC(), Opened: timeOrNil(j.Opened), Finished: timeOrNil(j.Finished),
		Targets: e.Targets, Pending: e.Pending, Reset: e.Reset, Failed: e.Failed, Repeated: e.Repeated, Calls: e.Calls,
		First: timeOrNil(e.First), Last: timeOrNil(e.Last), SignOuts: []signOutRowJSON{},
		Curve: curveJSON{WidthSeconds: int64(e.Curve.Width / time.Second), Buckets: []bucketJSON{}},
		Root:  e.Root, Leaves: e.Leaves, Seal: j.Seal, Sealed: e.Sealed,
	}
	for _, o := range e.Outcomes {
		v.Outcomes = append(v.Outcomes, outcomeRowJSON{o.Outcome, o.N, o.Access.CanSignIn, o.Access.Why, o.Access.Remedy, codes(o.Codes)})
	}
	for _, s := range e.SignOuts {
		v.SignOuts = append(v.SignOuts, signOutRowJSON{s.State, s.N, codes(s.Codes)})
	}
	for _, b := range e.Curve.Buckets {
		v.Curve.Buckets = append(v.Curve.Buckets, bucketJSON(b))
	}
	for _, l := range e.Chain {
		v.Chain = append(v.Chain, linkJSON{
			l.ID, l.Parent, l.This, l.State, l.Reason, l.StartedBy, l.Created.UTC(), timeOrNil(l.Finished),
			l.Targets, l.Pending, l.Reset, l.Failed,
		})
	}
	if err := writeJSON(w, v); err != nil || e.Users == nil {
		return err
	}
	for u, err := range e.Users {
		if err != nil {
			return err
		}
		err = writeJSON(w, userJSON{
			u.List, u.Line, u.Username, u.Outcome, u.Repeated, u.Code, u.Note, u.RequestID, timeOrNil(u.At), u.SignOut, u.SignOutCode,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func codes(list []report.CodeCount) (out []codeJSON) {
	for _, c := range list {
		out = append(out, codeJSON(c))
	}
	return out
}
