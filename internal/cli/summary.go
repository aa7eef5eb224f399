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
		count := func(n int64, what string) {
			if n > 0 {
				say(w, "  %9s  %s\n", number.Group(n), what)
			}
		}
		for _, o := range job.Outcomes() {
			count(t.Outcomes[o], string(o))
		}
		count(t.Pending, "still pending")
		count(t.Repeated, "of these flagged repeated: an earlier call was never answered")
		count(t.SignOuts[job.SignOutDone], "signed out")
		count(t.SignOuts[job.SignOutPending], "still to be signed out")
		saySeal(w, j.Job.Seal)
		if t.Failed() > 0 {
			say(w, "  %s not reset; see who and why:\n    job failed%s %s\n", number.Of(t.Failed(), "user was", "users were"), at, j.Job.ID)
		}
		if n := t.SignOuts[job.SignOutFailed]; n > 0 {
			say(w, "  %s could not be signed out; see who may still hold a session:\n    job still-open%s %s\n", number.Of(n, "user", "users"), at, j.Job.ID)
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
	dead, reasons := rejectedFor(by, func(r queue.RejectReason) bool { return !r.Foreign() && r != queue.RejectCorrupt })
	if dead > 0 {
		say(w, "\n%s not worked on, as the log says, and nobody is reset by them:\n", number.Of(dead, "message was", "messages were"))
		sayReasons(w, reasons)
		at := atLedger(cmd)
		if q, err := queuePlace(cmd.String(flagQueue)); err == nil {
			at = queueFlags(cmd, q) + at
		}
		say(w, "See what they are:\n    job dead-letters%s\n", at)
	}
	if foreign, reasons := rejectedFor(by, queue.RejectReason.Foreign); foreign > 0 {
		say(w, "\n%s put back into the queue:\n", timesPutBack(foreign))
		sayReasons(w, reasons)
	}
}

// rejectedFor counts the messages that were rejected for certain reasons.
func rejectedFor(by map[queue.RejectReason]int64, which func(queue.RejectReason) bool) (all int64, reasons []string) {
	for _, r := range queue.RejectReasons() {
		if n := by[r]; n > 0 && which(r) {
			all += n
			reasons = append(reasons, number.Group(n)+" "+string(r))
		}
	}
	return all, reasons
}

func sayReasons(w io.Writer, reasons []string) {
	for _, line := range wrap(strings.Join(reasons, ", "), textWidth(w)-2) {
		say(w, "  %s\n", line)
	}
}

func timesPutBack(n int64) string {
	if n == 1 {
		return "Once a message for another worker was"
	}
	return number.Group(n) + " times a message for another worker was"
}
