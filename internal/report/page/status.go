package page

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/report/progress"
	"relock/internal/telemetry"
)

// Live is a worker at one moment.
type Live struct {
	Version string
	Now     time.Time
	// Pools are those that the worker may touch.
	Pools []string
	// Run is how the run stands: its jobs, the halt, and what the worker says that
	// calls Cognito.
	Run progress.Run
	// InFlight is how many calls of Cognito are under way.
	InFlight int
	// HaltEnds says that the halt ends the run.
	HaltEnds bool
	// Active names the worker that calls Cognito while this one stands by, or is
	// empty. It has not been heard of for Silent, and this one takes over within
	// TakeOver.
	Active           string
	Silent, TakeOver time.Duration
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
	Throttled    int64 // resets, since that worker started
	InFlight     int
}

// liveJob is a job and how its targets stand.
type liveJob struct{ progress.Job }

// status is what status.html shows.
type status struct {
	head
	Live
	Jobs     []liveJob
	Halt     *job.Halt
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
	v := status{Live: l, Halt: l.Run.Halt, Script: template.JS(liveScript)} //nolint:gosec // a constant of ours
	for _, j := range l.Run.Jobs {
		v.Jobs = append(v.Jobs, liveJob{j})
	}
	title := "Relock: " + strings.ToLower(v.State())
	if t := v.Targets(); t > 0 {
		title = number.Share(v.Finished(), t) + " done · " + title
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
	switch state := v.Run.State(); {
	case v.Halt != nil:
		return "Halted"
	case v.Active != "":
		return "Standing by"
	default:
		return stateNames[state]
	}
}

var stateNames = map[progress.State]string{
	progress.Idle: "Waiting for a job", progress.Done: "Finished", progress.Cancelled: "Cancelled", progress.Paused: "Paused",
	progress.NoWorker: "No worker is active", progress.WaitingForMessages: "Waiting for messages",
	progress.SigningOut: "Working", progress.OnTrial: "Working", progress.Working: "Working",
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

// Say is what a screen reader is told: it changes with the state and with every
// tenth of the way, and not with every second.
func (v status) Say() string {
	t := v.Targets()
	if t == 0 {
		return v.State() + "."
	}
	return fmt.Sprintf("%s. %d %% of the users are done.", v.State(), v.Finished()*10/t*10)
}

// Targets, Done, Finished, Pending and Failed count the targets of all jobs of the
// run.
func (v status) Targets() (n int64) {
	for _, j := range v.Jobs {
		n += j.All()
	}
	return n
}

// Finished counts the targets that nothing more is done for.
func (v status) Finished() (n int64) {
	for _, j := range v.Jobs {
		n += j.Finished()
	}
	return n
}

// Done counts the targets with an outcome of their own.
func (v status) Done() (n int64) {
	for _, j := range v.Jobs {
		n += j.Done()
	}
	return n
}

// Pending counts the targets that still get an outcome.
func (v status) Pending() (n int64) {
	for _, j := range v.Jobs {
		n += j.Pending()
	}
	return n
}

// NotDone counts the targets that a cancellation left as they were.
func (v status) NotDone() int64 { return v.Targets() - v.Done() - v.Pending() }

// Failed counts the targets that were not reset.
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
func (v status) Throttled() int64 {
	return int64(v.Last().Resets.Throttled + v.Last().SignOuts.Throttled)
}

// Left is the time left, where it is known.
func (v status) Left() string {
	r := v.Run
	switch r.State() {
	case progress.Halted, progress.NoWorker, progress.WaitingForMessages:
		return "–"
	case progress.OnTrial:
		return "not known"
	case progress.Working:
		if _, ok := r.Left(); !ok {
			return "not known"
		}
	}
	return strings.TrimSuffix(r.Time(v.Now), " left")
}

// Until is when the run is done, where the time left is known.
func (v status) Until() string {
	left, ok := v.Run.Left()
	if !ok {
		return ""
	}
	return progress.Finish(v.Now, left)
}

// Why says why nothing is reset just now, where no other part of the page does.
func (v status) Why() string {
	r := v.Run
	switch r.State() {
	case progress.WaitingForMessages:
		return sentence(r.Time(v.Now)) + "."
	case progress.NoWorker:
		if v.Active == "" {
			return "No worker is active: this one waits for the lease in the ledger."
		}
	}
	return ""
}

// SignsOut is whether a job of the run ends sessions, too.
func (v status) SignsOut() bool {
	return slices.ContainsFunc(v.Jobs, func(j liveJob) bool { return j.Job.Job.Policy.SignOut })
}

// ID is the job's, State its state, and Pool its user pool.
func (j liveJob) ID() string       { return j.Job.Job.ID }
func (j liveJob) State() job.State { return j.Job.Job.State }
func (j liveJob) Pool() string     { return j.Job.Job.Pool }

// Bar shows how far the job is.
func (j liveJob) Bar() bar {
	reset, failed, _ := j.Totals.Split()
	return newBar(j.All(), reset, failed, j.Pending())
}

// Sentence says how many users have an outcome.
func (j liveJob) Sentence() string {
	if j.State() == job.StateCancelled {
		return sentence(j.String()) + "."
	}
	return fmt.Sprintf("%s of %s have an outcome (%s).", number.Group(j.Done()), number.Of(j.All(), "user", "users"), number.Share(j.Finished(), j.All()))
}

// Canary is a sentence about the job's canary; may be empty.
func (v status) Canary(j liveJob) string { return sentence(j.Job.Canary(v.Halt)) }

// Outcomes are those that somebody has, in the order of the reports.
func (j liveJob) Outcomes() []outcome {
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
