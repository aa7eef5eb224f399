package progress

import (
	"fmt"
	"strconv"
	"strings"

	"relock/internal/job"
	"relock/internal/number"
)

// CanaryShort is how much of the projected share may be missing among the first
// users of a job. CanaryLeast is the share that is wanted where nothing was projected.
const (
	CanaryShort = 0.10
	CanaryLeast = 1 - CanaryShort
)

// Verdict is how the first users of a job fared.
type Verdict struct {
	// Reset of Users were reset. Both are zero where an older version halted.
	Reset int64 `json:"reset"`
	Users int64 `json:"users"`
	// Halted is whether that halted the work.
	Halted bool `json:"halted"`
}

// Halt is the verdict as the ledger keeps it, under a scope of its own that halts
// nothing.
func (v Verdict) Halt() job.Halt {
	word := "passed"
	if v.Halted {
		word = "halted"
	}
	return job.Halt{Reason: job.HaltCanary, Code: fmt.Sprintf("%s %d/%d", word, v.Reset, v.Users)}
}

// VerdictOf reads what Halt wrote. Older versions wrote only that they halted.
func VerdictOf(h job.Halt) Verdict {
	word, figures, _ := strings.Cut(h.Code, " ")
	reset, users, _ := strings.Cut(figures, "/")
	v := Verdict{Halted: word != "passed"}
	var errReset, errUsers error
	v.Reset, errReset = strconv.ParseInt(reset, 10, 64)
	v.Users, errUsers = strconv.ParseInt(users, 10, 64)
	if errReset != nil || errUsers != nil {
		v.Reset, v.Users = 0, 0
	}
	return v
}

// CanaryScope is the scope under which the ledger keeps a job's verdict. No account
// has such a name.
func CanaryScope(id string) string { return "canary/" + id }

// CalledFor reports whether an outcome comes from a call: only those count for the
// canary.
func CalledFor(o job.Outcome) bool {
	return o != job.Excluded && o != job.Cancelled && o != job.Missing
}

// onTrial is how many of the canary's users are waited for; false if the job has no
// canary, or its verdict is known or will never come.
func (j Job) onTrial() (waiting int64, yes bool) {
	need := j.Job.Plan.Canary
	if need <= 0 || j.Verdict != nil || j.Job.State.Over() {
		return 0, false
	}
	var called int64
	for o, n := range j.Totals.Outcomes {
		if CalledFor(o) {
			called += n
		}
	}
	// More than the canary's users have an outcome only after a verdict.
	return need - called, called <= need
}

// Canary is the canary of the job in a sentence; empty where there is nothing to say.
// halt is the one in force, or nil.
func (j Job) Canary(halt *job.Halt) string {
	if v := j.Verdict; v != nil {
		return j.verdict(*v, halt != nil && halt.Reason == job.HaltCanary)
	}
	waiting, yes := j.onTrial()
	first := number.Group(j.Job.Plan.Canary)
	switch {
	case !yes:
		return ""
	case waiting == 0:
		return fmt.Sprintf("all of the first %s have an outcome; the verdict is due", first)
	default:
		return fmt.Sprintf("waiting for %s of the first %s", number.Group(waiting), first)
	}
}

func (j Job) verdict(v Verdict, halted bool) string {
	then := "going on"
	switch {
	case v.Halted && halted:
		then = "halted"
	case v.Halted:
		then = "it halted and was resumed"
	case j.Job.State.Over():
		then = "it went on"
	}
	if v.Users == 0 {
		return "fewer of the first users were reset than projected: " + then
	}
	was := "were"
	if v.Reset == 1 {
		was = "was"
	}
	wanted := fmt.Sprintf("nothing was projected, and %s were wanted", percent(CanaryLeast))
	if p := j.Job.Plan.Projected; p != nil {
		wanted = "the projection was " + percent(*p)
	}
	return fmt.Sprintf("%s of the first %s %s reset; %s: %s", number.Group(v.Reset), number.Group(v.Users), was, wanted, then)
}

// percent writes a share with one decimal at most.
func percent(share float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(100*share, 'f', 1, 64), ".0") + " %"
}
