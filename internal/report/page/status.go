package page

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/number"
	"relock/internal/telemetry"
)

// Live is a worker at one moment.
type Live struct {
	Version string
	Now     time.Time
	// Pools are those that the worker may touch.
	Pools []string
	// Jobs are those that the run is about.
	Jobs []LiveJob
	// InFlight is how many calls of Cognito are under way.
	InFlight int
	// Halt is why nothing goes on, or nil.
	Halt *job.Halt
	// HaltEnds says that the halt ends the run.
	HaltEnds bool
	// Active names the worker that calls Cognito while this one stands by, or is
	// empty.
	Active string
	// Theirs is how that one stands; nil where it has not said.
	Theirs *Theirs
	// BudgetReason is what bounds the budget of the worker that calls, in one
	// sentence; may be empty.
	BudgetReason string
	// Samples are the last hour, the oldest first.
	Samples []telemetry.Sample
}

// Theirs is what the active worker says of itself in the ledger, for a standby.
type Theirs struct {
	At           time.Time
	Pace, Budget float64
	Throttled    uint64 // resets, since that worker started
	InFlight     int
}

// LiveJob is a job and how its targets stand.
type LiveJob struct {
	Job     job.Job
	Totals  ledger.Totals
	SentAll bool
}

// status is what status.html shows.
type status struct {
	head
	Live
	Script   template.JS
	Pace     chart
	SignOuts chart
	Sum      chart
	Rows     []liveRow
}

// liveRow is a minute of the table.
type liveRow struct {
	At                           time.Time
	Pace, Budget                 float64
	Calls, Throttled, Done, Fail int64
}

// points is how many points a line of the live charts has at most.
const points = 180

// liveMinutes is how many minutes the live table has.
const liveMinutes = 15

// Status is the page of a worker. It is live as long as the worker answers: its
// script fetches it again and replaces what has changed. Without scripts, it is
// loaded anew by the browser.
func Status(l Live) ([]byte, error) {
	v := status{Live: l, Script: template.JS(liveScript)} //nolint:gosec // a constant of ours
	title := "Relock: " + strings.ToLower(v.State())
	if t, d := v.Targets(), v.Done(); t > 0 {
		title = number.Share(d, t) + " done · " + title
	}
	v.head = newHead(title, StatusPolicy)
	v.Pace = paceChart("pace", "Pace of resets", l.Samples, func(s telemetry.Sample) telemetry.Flow { return s.Resets })
	v.SignOuts = paceChart("signouts", "Pace of sign-outs", l.Samples, func(s telemetry.Sample) telemetry.Flow { return s.SignOuts })
	v.Sum = doneChart(l.Samples)
	v.Rows = liveRows(l.Samples)
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "status.html", v); err != nil {
		return nil, fmt.Errorf("writing the status page: %w", err)
	}
	return b.Bytes(), nil
}

// State is what the worker does, in a word or few.
func (v status) State() string {
	switch {
	case v.Halt != nil:
		return "Halted"
	case v.Active != "":
		return "Standing by"
	case len(v.Jobs) == 0:
		return "Waiting for a job"
	case v.every(func(j LiveJob) bool { return j.Job.State.Over() }):
		return "Finished"
	case v.every(func(j LiveJob) bool { return j.Job.State.Over() || j.Job.State == job.StatePaused }):
		return "Paused"
	default:
		return "Working"
	}
}

// Mood is the class that gives the state its colour.
func (v status) Mood() string {
	switch v.State() {
	case "Halted":
		return "bad"
	case "Working", "Finished":
		return "good"
	default:
		return "warn"
	}
}

func (v status) every(is func(LiveJob) bool) bool {
	return !slices.ContainsFunc(v.Jobs, func(j LiveJob) bool { return !is(j) })
}

// Say is what a screen reader is told: it changes with the state and with every
// tenth of the way, and not with every second.
func (v status) Say() string {
	t := v.Targets()
	if t == 0 {
		return v.State() + "."
	}
	return fmt.Sprintf("%s. %d %% of the users have an outcome.", v.State(), v.Done()*10/t*10)
}

// Targets, Done, Pending and Failed are those of all jobs of the run.
func (v status) Targets() (n int64) {
	for _, j := range v.Jobs {
		n += j.All()
	}
	return n
}

// Done, Pending and Failed count the targets of all jobs of the run.
func (v status) Done() (n int64) {
	for _, j := range v.Jobs {
		n += j.Done()
	}
	return n
}

func (v status) Pending() int64 { return v.Targets() - v.Done() }

func (v status) Failed() (n int64) {
	for _, j := range v.Jobs {
		n += j.Totals.Failed()
	}
	return n
}

// Last is the latest sample.
func (v status) Last() telemetry.Sample {
	if len(v.Samples) == 0 {
		return telemetry.Sample{}
	}
	return v.Samples[len(v.Samples)-1]
}

// Throttled is how many calls were throttled since the worker started.
func (v status) Throttled() uint64 { return v.Last().Resets.Throttled + v.Last().SignOuts.Throttled }

// Left is the time left at the speed of the last minute.
func (v status) Left() string {
	const recent = 60 // samples, one a second
	last := len(v.Samples) - 1
	switch {
	case v.Pending() == 0 && v.Targets() > 0:
		return "done"
	case v.Halt != nil || last < 2:
		return "not known"
	}
	now, then := v.Samples[last], v.Samples[max(0, last-recent)]
	if took := now.At.Sub(then.At); now.Done > then.Done && took > 0 {
		left := time.Duration(float64(v.Pending()) / float64(now.Done-then.Done) * float64(took))
		if left > time.Minute {
			left = left.Round(time.Minute) // more would be guessed
		}
		return number.Span(left)
	}
	return "not known"
}

// SignsOut is whether a job of the run ends sessions, too.
func (v status) SignsOut() bool {
	return !v.every(func(j LiveJob) bool { return !j.Job.Policy.SignOut })
}

// All is how many targets there will be, those still to be listed included.
func (j LiveJob) All() int64 { return max(j.Job.Counts.Targets, j.Totals.Targets) }

// Done is how many targets have an outcome.
func (j LiveJob) Done() int64 { return j.Totals.Targets - j.Totals.Pending }

// Bar shows how far the job is.
func (j LiveJob) Bar() bar {
	reset, failed, _ := j.Totals.Split()
	return newBar(j.All(), reset, failed, j.All()-j.Done())
}

// Outcomes are those that somebody has, in the order of the reports.
func (j LiveJob) Outcomes() []outcome {
	var all []outcome
	for _, o := range job.Outcomes() {
		if n := j.Totals.Outcomes[o]; n > 0 {
			all = append(all, outcome{o, n})
		}
	}
	return all
}

type outcome struct {
	Name job.Outcome
	N    int64
}
