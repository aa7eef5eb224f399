package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/number"
	"relock/internal/report/progress"
	"relock/internal/worker"
)

// view is how a job stands, with what its Region's worker shows of itself.
type view struct {
	worker.JobStatus
	halt *job.Halt
	// account is whether the job's account is known, and with it its worker.
	account bool
	// shown is what the active worker shows; nil where none is active. The last one has
	// not been heard of for silent, if that is worth saying.
	shown  *worker.LeaderStatus
	silent time.Duration
	seen   time.Time
	// start is the command that starts a worker for the job.
	start string
}

// looker reads how jobs stand. It remembers when a lease moved, so that the clocks of
// worker and onlooker need not agree. The zero value with a ledger is ready to use.
type looker struct {
	led Ledger
	at  string // the flag that finds the ledger

	lease ledger.Lease
	moved time.Time
}

// confirmAfter is longer than a worker takes to move its lease; agreeWithin is by how
// much clocks may differ, or AWS refuses their signatures.
const (
	confirmAfter = 4 * time.Second
	agreeWithin  = 5 * time.Minute
)

// once looks once. A worker that is silent by its own clock is looked at again after a
// few seconds, if another clock could be the reason.
func (l *looker) once(ctx context.Context, id string) (view, error) {
	v, err := l.look(ctx, id)
	if err != nil || v.shown != nil || v.silent <= 0 || v.silent > agreeWithin || leader.Ended(l.lease) || v.Job.State.Over() {
		return v, err
	}
	select {
	case <-ctx.Done():
		return v, context.Cause(ctx)
	case <-time.After(confirmAfter):
	}
	return l.look(ctx, id)
}

// look reads how a job stands, with the halt and the worker of its account and Region.
func (l *looker) look(ctx context.Context, id string) (view, error) {
	v := view{seen: time.Now()}
	jb, err := l.led.Job(ctx, id)
	if err != nil {
		return v, err
	}
	v.start = startCommand(jb, l.at)
	account := accountOf(jb)
	v.account = account != ""
	if v.JobStatus, err = jobStatus(ctx, l.led, jb); err != nil || !v.account {
		return v, err
	}
	scope := account + "/" + jb.Region
	halt, halted, err := l.led.Halt(ctx, scope)
	if err != nil {
		return v, fmt.Errorf("reading the halt of %s: %w", scope, err)
	}
	if halted {
		v.halt = &halt
	}
	lease, err := l.led.Lease(ctx, scope)
	if err != nil {
		return v, fmt.Errorf("reading the lease of %s: %w", scope, err)
	}
	l.see(&v, lease)
	return v, nil
}

// see finds out whether the lease's holder is active.
func (l *looker) see(v *view, lease ledger.Lease) {
	shown, held := worker.ReadLeaderStatus(lease)
	switch {
	case !held:
	case l.moved.IsZero():
		l.moved = v.seen
		if shown.At.Before(v.seen) {
			l.moved = shown.At
		}
	case lease.Owner != l.lease.Owner || lease.Counter != l.lease.Counter:
		l.moved = v.seen
	}
	l.lease = lease
	if !held {
		return
	}
	if silent := v.seen.Sub(l.moved); silent > leader.RenewDeadline || leader.Ended(lease) {
		v.silent = max(silent, time.Second)
		return
	} else if silent >= worker.HeardWithin {
		v.silent = silent
	}
	v.shown = &shown
}

// startCommand starts a worker for a job.
func startCommand(j job.Job, at string) string {
	s := fmt.Sprintf("worker --%s %s", flagPool, j.Pool)
	if q := j.Plan.Settings[flagQueue]; q != "" && q != (place{"file", defaultDir}).String() {
		s += fmt.Sprintf(" --%s %s", flagQueue, q)
		if at == fmt.Sprintf(" --%s %s", flagLedger, q) {
			at = "" // beside the queue
		}
	}
	return s + at + " --drain"
}

// run is the run for those who look on.
func (v view) run() progress.Run {
	r := progress.Run{Jobs: []progress.Job{progress.Job(v.JobStatus)}, Halt: v.halt, Active: v.works()}
	if r.Active {
		r.Estimate = v.shown.Estimate
	}
	return r
}

// attended reports whether a worker is there that goes on after a halt.
func (v view) attended() bool { return v.shown != nil }

// works reports whether the active worker works on the job.
func (v view) works() bool { return v.shown != nil && v.shown.WorksOn(v.Job) }

// paceText is the pace at which the job is worked on, or why there is none.
func (v view) paceText() string {
	switch {
	case !v.account:
		return "pace not known: the job names no account, and so no worker"
	case v.works():
		s := *v.shown
		if !v.calls() {
			s.Pace = 0
		}
		text := pacing(s.Pace, s.Budget, s.Throttles, s.InFlight)
		if v.silent > 0 {
			text += fmt.Sprintf(" (the worker was last heard of %s ago)", number.Duration(v.silent))
		}
		return text
	case v.shown != nil:
		return fmt.Sprintf("no worker is active for this job: the active one may touch only %s; start it with this pool too: --%s %s", strings.Join(v.shown.Pools, ", "), flagPool, v.Job.Pool)
	case v.silent > 0:
		return fmt.Sprintf("no worker is active, the last one was heard of %s ago; start one: %s", number.Duration(v.silent), v.start)
	default:
		return "no worker is active; start one: " + v.start
	}
}

// calls reports whether Cognito is called for the job.
func (v view) calls() bool {
	switch v.run().State() {
	case progress.Working, progress.OnTrial, progress.SigningOut:
		return true
	default:
		return false
	}
}

// timeText is the time left, or why there is none; empty where paceText or the halt
// has said so.
func (v view) timeText() string {
	r := v.run()
	switch r.State() {
	case progress.NoWorker, progress.Halted:
		return ""
	case progress.Working:
		if left, ok := r.Left(); ok {
			return r.Time(v.seen) + ", until " + progress.Finish(v.seen, left)
		}
	}
	return r.Time(v.seen)
}

// budgetReason is what bounds the budget: of the worker at work, or else as the plan
// had it.
func (v view) budgetReason() string {
	if v.shown != nil && v.shown.BudgetReason != "" && !v.Job.State.Over() {
		return v.shown.BudgetReason
	}
	return v.Job.Plan.BudgetReason
}

// done reports whether there is nothing more to watch.
func (v view) done() bool { return v.Job.State.Over() && v.Totals.Pending == 0 }

// document is a view in JSON.
func (v view) document() jobJSON {
	d := jobDocument("job", v.Job, v.Totals, v.SentAll)
	if v.halt != nil {
		d.Halt = &haltJSON{v.halt.Reason, v.halt.Code, int64(v.halt.Skew / time.Second), v.halt.Since.UTC(), v.halt.Remedy(v.attended())}
	}
	d.Worker = v.shown
	r := v.run()
	d.Progress = &progressJSON{State: r.State(), Text: r.Time(v.seen), Waiting: r.Estimate.Waiting, Canary: progress.Job(v.JobStatus).Canary(v.halt)}
	if !v.account && r.State() == progress.NoWorker {
		d.Progress = nil // whether there is one is not known
		return d
	}
	if v.calls() {
		d.Progress.Pace = v.shown.Pace
		d.Progress.Rate = r.Estimate.Rate
	}
	if left, ok := r.Left(); ok {
		d.Progress.Left = new(left.Seconds())
		d.Progress.Finish = new(v.seen.Add(left).UTC().Truncate(time.Second))
	}
	if d.Progress.State == progress.NoWorker {
		d.Progress.Start = v.start
	}
	return d
}
