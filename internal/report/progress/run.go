package progress

import (
	"fmt"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/number"
)

// Estimate is what the active worker knows of the speed and of what it waits for.
// The names in JSON are part of the interface.
type Estimate struct {
	// Rate is how many users a second get an outcome, over the last minute. It is 0
	// while nothing is called for, and where it is not known.
	Rate float64 `json:"rate"`
	// Jobs is how many jobs are open, Pending how many of their users have no outcome.
	Jobs    int   `json:"jobs"`
	Pending int64 `json:"pending"`
	// Waiting is set while the queue hands out nothing though messages are in flight.
	Waiting *Waiting `json:"waiting,omitempty"`
}

// Waiting is what a worker waits for that receives nothing.
type Waiting struct {
	// Messages is how many are invisible in the queue: a worker that ended received
	// them, or they were put off.
	Messages int64 `json:"messages"`
	// Until is when they are visible again at the latest; zero where that is not
	// known.
	Until time.Time `json:"until,omitzero"`
	// Reason is set where something else is waited for: why, and what to do.
	Reason string `json:"reason,omitempty"`
}

// Run is a run at one moment, as the ledger and the active worker say.
type Run struct {
	// Jobs are those that the run is about.
	Jobs []Job
	// Halt is why nothing goes on, or nil.
	Halt *job.Halt
	// Active is whether a worker is known to call Cognito for the jobs.
	Active bool
	// Estimate is that of the active worker.
	Estimate Estimate
}

// State is what a run does. It is a closed set, and part of the JSON interface.
type State string

// The states of a run, the first that holds.
const (
	// Idle is a run without a job.
	Idle State = "idle"
	// Done and Cancelled are runs of which nothing is left.
	Done      State = "done"
	Cancelled State = "cancelled"
	// Halted is a run that a cause has stopped that is not one user's fault.
	Halted State = "halted"
	// Paused is a run whose jobs an operator has put on hold.
	Paused State = "paused"
	// NoWorker is a run that no worker works on.
	NoWorker State = "no_worker"
	// WaitingForMessages that are invisible in the queue.
	WaitingForMessages State = "waiting_for_messages"
	// SigningOut is a run of which only sessions are left to be ended.
	SigningOut State = "signing_out"
	// OnTrial is a run whose canary has no verdict yet.
	OnTrial State = "canary"
	// Working is a run that goes on.
	Working State = "working"
)

// State is what the run does.
func (r Run) State() State {
	unfinished := func(j Job) bool { return j.unfinished() > 0 }
	open := func(j Job) bool { return j.open() && j.unfinished() > 0 }
	switch {
	case len(r.Jobs) == 0:
		return Idle
	case !slices.ContainsFunc(r.Jobs, unfinished):
		if !slices.ContainsFunc(r.Jobs, func(j Job) bool { return j.Job.State != job.StateCancelled }) {
			return Cancelled
		}
		return Done
	case r.Halt != nil:
		return Halted
	case !slices.ContainsFunc(r.Jobs, open):
		return Paused
	case !r.Active:
		return NoWorker
	case r.Estimate.Waiting != nil:
		return WaitingForMessages
	case r.pending() == 0:
		return SigningOut
	case slices.ContainsFunc(r.Jobs, func(j Job) bool { _, yes := j.onTrial(); return yes && j.open() }):
		return OnTrial
	default:
		return Working
	}
}

// others reports whether the active worker has more open jobs than the run shows.
func (r Run) others() bool {
	open, _ := Open(r.Jobs)
	return r.Estimate.Jobs > open
}

// pending is how many users the active worker still has to reset: those of its other
// jobs included, for it works on all of them by turns.
func (r Run) pending() int64 {
	_, pending := Open(r.Jobs)
	if r.others() {
		return max(pending, r.Estimate.Pending)
	}
	return pending
}

// Open counts the open jobs, and their users without an outcome.
func Open(jobs []Job) (open int, pending int64) {
	for _, j := range jobs {
		if j.open() {
			open++
			pending += j.Pending()
		}
	}
	return open, pending
}

// Left is the time left, above zero; false where there is no honest figure.
func (r Run) Left() (time.Duration, bool) {
	if r.State() != Working || r.Estimate.Rate <= 0 {
		return 0, false
	}
	seconds := float64(r.pending()) / r.Estimate.Rate
	if seconds > longest.Seconds() {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// longest is the longest time left that is worth showing.
const longest = 1000 * 24 * time.Hour

// Finish is when what takes so long from now on is done: the time of day, with the
// date where that is another.
func Finish(now time.Time, left time.Duration) string {
	now, end := now.UTC(), now.UTC().Add(left)
	if end.YearDay() == now.YearDay() && end.Year() == now.Year() {
		return end.Format("15:04 UTC")
	}
	return end.Format("2006-01-02 15:04 UTC")
}

// Time is the time left in words: "about 5 min left", or why there is none.
func (r Run) Time(now time.Time) string {
	if left, ok := r.Left(); ok {
		text := number.Duration(left) + " left"
		if left >= time.Second {
			text = "about " + text
		}
		if r.others() {
			text += " for all open jobs"
		}
		return text
	}
	switch r.State() {
	case Idle:
		return "nothing to do"
	case Done:
		return "done"
	case Cancelled:
		return "cancelled"
	case Halted:
		return "halted: " + HaltText(*r.Halt)
	case Paused:
		return "paused"
	case NoWorker:
		return "no worker is active"
	case WaitingForMessages:
		return r.Estimate.Waiting.Text(now)
	case SigningOut:
		return "ending the last sessions"
	case OnTrial:
		return "time left not known before the canary's verdict"
	default:
		return "time left not known: no user has got an outcome lately"
	}
}

// Text is what is waited for, and until when.
func (w Waiting) Text(now time.Time) string {
	if w.Reason != "" {
		return w.Reason
	}
	are, had, come := "are", "had received them, or they were put off", "they come"
	if w.Messages == 1 {
		are, had, come = "is", "had received it, or it was put off", "it comes"
	}
	text := fmt.Sprintf("waiting for %s that %s invisible in the queue (a worker that ended %s): %s back ", number.Of(w.Messages, "message", "messages"), are, had, come)
	switch left := w.Until.Sub(now); {
	case w.Until.IsZero():
		return text + "at a time that is not known"
	case left <= 0:
		return text + "now"
	default:
		return text + fmt.Sprintf("by %s, in %s at the latest", w.Until.UTC().Format("15:04:05 UTC"), number.Span(left))
	}
}

// HaltText names a halt's reason, with AWS's code and how far the clock is off where
// there is one.
func HaltText(h job.Halt) string {
	text := string(h.Reason)
	if h.Code != "" {
		text += ", " + h.Code
	}
	if clock := h.Clock(); clock != "" {
		text += ", the clock is " + clock
	}
	return text
}
