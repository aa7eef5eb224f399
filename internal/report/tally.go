package report

import (
	"cmp"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// tally counts a job's targets as they are read.
type tally struct {
	targets, pending, repeated, calls int64
	reset, failed                     int64
	outcomes                          map[job.Outcome]int64
	codes                             map[job.Outcome]*codeCounts
	signOuts                          map[job.SignOut]int64
	signOutCodes                      map[job.SignOut]*codeCounts
	first, last                       time.Time
	curve                             curve
}

func newTally() *tally {
	return &tally{
		outcomes: map[job.Outcome]int64{}, codes: map[job.Outcome]*codeCounts{},
		signOuts: map[job.SignOut]int64{}, signOutCodes: map[job.SignOut]*codeCounts{},
	}
}

func (t *tally) add(e ledger.Entry) {
	t.targets++
	t.calls += int64(e.Calls)
	if e.Repeated {
		t.repeated++
	}
	if e.SignOut != "" {
		t.signOuts[e.SignOut]++
		countCode(t.signOutCodes, e.SignOut, e.SignOutCode)
	}
	if e.Outcome == "" {
		t.pending++
		return
	}
	t.outcomes[e.Outcome]++
	countCode(t.codes, e.Outcome, e.Code)
	switch {
	case e.Outcome.Succeeded():
		t.reset++
	case e.Outcome.Failed():
		t.failed++
	}
	if t.first.IsZero() || e.At.Before(t.first) {
		t.first = e.At
	}
	if e.At.After(t.last) {
		t.last = e.At
	}
	t.curve.add(e.At, e.Outcome)
}

// totals are the tally as a ledger counts.
func (t *tally) totals() ledger.Totals {
	return ledger.Totals{
		Targets: t.targets, Pending: t.pending, Repeated: t.repeated,
		Outcomes: t.outcomes, SignOuts: t.signOuts, Last: t.last,
	}
}

// codeCounts counts error codes, of which a hostile server may make up any number.
type codeCounts struct {
	n     map[string]int64
	other int64
}

// manyCodes is how many codes are told apart before the rest is "other".
const manyCodes = 10 * MaxCodes

func countCode[K comparable](m map[K]*codeCounts, k K, code string) {
	if code == "" {
		return
	}
	c := m[k]
	if c == nil {
		c = &codeCounts{n: map[string]int64{}}
		m[k] = c
	}
	if _, known := c.n[code]; !known && len(c.n) == manyCodes {
		c.other++
		return
	}
	c.n[code]++
}

// list is the codes, the most frequent first.
func (c *codeCounts) list() []CodeCount {
	if c == nil {
		return nil
	}
	list := make([]CodeCount, 0, len(c.n))
	for code, n := range c.n {
		list = append(list, CodeCount{code, n})
	}
	slices.SortFunc(list, func(a, b CodeCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Code, b.Code))
	})
	other := c.other
	for len(list) > MaxCodes-1 && (other > 0 || len(list) > MaxCodes) {
		other += list[len(list)-1].N
		list = list[:len(list)-1]
	}
	if other > 0 {
		list = append(list, CodeCount{"other", other})
	}
	return list
}
