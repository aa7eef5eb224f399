package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/queue"
	"relock/internal/worker"
)

// sayJobs ends a run, for people or for machines.
func sayJobs(cmd *cli.Command, w io.Writer, jobs []worker.JobStatus) error {
	if !cmd.Bool(flagJSON) {
		summarise(w, jobs, atLedger(cmd))
		return nil
	}
	for _, j := range jobs {
		if err := writeJob(w, "summary", j.Job, j.Totals, j.SentAll); err != nil {
			return err
		}
	}
	return nil
}

// atLedger is the flag that the commands printed for people need to find the
// ledger; it is empty where they would find it without.
func atLedger(cmd *cli.Command) string {
	p, err := ledgerPlace(cmd.String(flagLedger))
	if err == nil && p.kind == "" {
		p, err = queuePlace(cmd.String(flagQueue))
	}
	if err != nil || p == (place{"file", defaultDir}) {
		return ""
	}
	return fmt.Sprintf(" --%s %s", flagLedger, p)
}

// summarise shows each job's outcomes, and where to look next, with the flag at.
func summarise(w io.Writer, jobs []worker.JobStatus, at string) {
	if len(jobs) == 0 {
		say(w, "No open job for these user pools: nothing to do.\n")
	}
	for _, j := range jobs {
		t := j.Totals
		say(w, "\nJob %s (%s), user pool %s: %s\n", j.Job.ID, j.Job.State, j.Job.Pool, number.Of(t.Targets, "target", "targets"))
		for _, o := range job.Outcomes() {
			if n := t.Outcomes[o]; n > 0 {
				say(w, "  %8d  %s\n", n, o)
			}
		}
		if t.Pending > 0 {
			say(w, "  %8d  still pending\n", t.Pending)
		}
		if t.Repeated > 0 {
			say(w, "  %8d  of these flagged repeated: an earlier call was never answered\n", t.Repeated)
		}
		if n := t.SignOuts[job.SignOutDone]; n > 0 {
			say(w, "  %8d  signed out\n", n)
		}
		if n := t.SignOuts[job.SignOutPending]; n > 0 {
			say(w, "  %8d  still to be signed out\n", n)
		}
		saySeal(w, j.Job.Seal)
		if t.Failed() > 0 {
			say(w, "  %s not reset; see who and why:\n    job failed%s %s\n", usersWere(t.Failed()), at, j.Job.ID)
		}
		if n := t.SignOuts[job.SignOutFailed]; n > 0 {
			say(w, "  %s could not be signed out; see who may still hold a session:\n    job still-open%s %s\n", users(n), at, j.Job.ID)
		}
	}
	switch {
	case slices.ContainsFunc(jobs, func(j worker.JobStatus) bool { return !j.Job.Policy.SignOut }):
		say(w, "\nA reset does not end sessions: whoever is signed in stays so until the tokens\nexpire.\n")
	case len(jobs) > 0:
		say(w, "\nA sign-out ends sessions where Cognito is asked: a token that is verified\nelsewhere is accepted until it expires, and the cookie of the hosted pages\nstays.\n")
	}
}

// sayRejected says how many messages were not worked on, and where they are. One
// that was damaged on its way comes again, and is not counted here.
func sayRejected(cmd *cli.Command, w io.Writer, by map[queue.RejectReason]int64) {
	var all int64
	var reasons []string
	for _, r := range queue.RejectReasons() {
		if n := by[r]; n > 0 && r != queue.RejectCorrupt {
			all += n
			reasons = append(reasons, number.Text("%d %s", n, r))
		}
	}
	if all == 0 {
		return
	}
	at := atLedger(cmd)
	if q, err := queuePlace(cmd.String(flagQueue)); err == nil && q != (place{"file", defaultDir}) {
		at = fmt.Sprintf(" --%s %s", flagQueue, q) + at
	}
	say(w, "\n%s not worked on, as the log says, and nobody is reset by them:\n", messages(all))
	for _, line := range wrap(strings.Join(reasons, ", "), textWidth(w)-2) {
		say(w, "  %s\n", line)
	}
	say(w, "See what they are:\n    job dead-letters%s\n", at)
}

func usersWere(n int64) string {
	return number.Of(n, "user was", "users were")
}

func messages(n int64) string {
	return number.Of(n, "message was", "messages were")
}

// outcomesLine is how a job stands in one line, for a log or a terminal.
func outcomesLine(j worker.JobStatus) string {
	t := j.Totals
	done := t.Targets - t.Pending
	s := number.Text("%d of %d done, %d failed", done, max(j.Job.Counts.Targets, t.Targets), t.Failed())
	if j.Job.Policy.SignOut {
		s += number.Text(", %d signed out", t.SignOuts[job.SignOutDone])
		if n := t.SignOuts[job.SignOutFailed]; n > 0 {
			s += number.Text(", %d not", n)
		}
	}
	return s
}
