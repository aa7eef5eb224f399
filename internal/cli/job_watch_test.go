package cli

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/report/progress"
	"relock/internal/worker"
)

// watched is a job under way in a halted account, with a long name.
func watched() view {
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	return view{
		JobStatus: worker.JobStatus{
			Job: job.Job{
				ID: "incident-2026-11-23-the-whole-of-the-customer-pool", State: job.StateOpen, Pool: "eu-west-1_AbCdEf123",
				Counts: job.Counts{Targets: 400_000}, Region: "eu-west-1",
				Plan: job.Plan{BudgetReason: "24 requests a second: 80 % of the quota of 30 for UserAccountRecovery, read from Service Quotas"},
			},
			Totals: ledger.Totals{
				Targets: 400_000, Pending: 300_000, Repeated: 2,
				Outcomes: map[job.Outcome]int64{job.Reset: 99_000, job.UserNotFound: 1_000},
				SignOuts: map[job.SignOut]int64{job.SignOutDone: 98_000},
			},
			SentAll: true,
		},
		halt:    &job.Halt{Reason: job.HaltAccessDenied, Code: "AccessDeniedException", Since: at},
		account: true,
		shown:   &worker.LeaderStatus{At: at, Pace: 23.5, Budget: 24, Throttles: 3, InFlight: 4, Estimate: progress.Estimate{Rate: 23, Jobs: 1, Pending: 300_100}},
		seen:    at.Add(3 * time.Second),
		start:   "worker --user-pool-id eu-west-1_AbCdEf123 --drain",
	}
}

func TestTheBudgetIsThatOfTheWorkerAtWork(t *testing.T) {
	t.Parallel()
	v := watched()
	if got := v.budgetReason(); got != v.Job.Plan.BudgetReason {
		t.Errorf("a worker that does not say: %q", got)
	}
	v.shown.BudgetReason = "12 requests a second: --rate"
	if got := v.budgetReason(); got != v.shown.BudgetReason {
		t.Errorf("a worker at work: %q", got)
	}
	v.Job.State = job.StateFinished
	if got := v.budgetReason(); got != v.Job.Plan.BudgetReason {
		t.Errorf("a job that is over: %q", got)
	}
}

func TestTheWatchedJobFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, width := range []int{40, 79, 200} {
		for line := range strings.Lines(watched().block(width, false)) {
			line = strings.TrimSuffix(line, "\n")
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("%d columns of %d: %s", n, width, line)
			}
			if strings.Contains(line, "\x1b") {
				t.Errorf("an escape sequence without colour: %q", line)
			}
		}
	}
	var want strings.Builder
	want.WriteString(`Job incident-2026-11-23-the-whole-of-the-customer-pool (open), user pool
eu-west-1_AbCdEf123
[=====               ] 100,000 of 400,000 done, 1,000 failed
0.0 of 24.0 a second, 3 throttled, 4 in flight
budget: 24 requests a second: 80 % of the quota of 30 for UserAccountRecovery,
read from Service Quotas
     99,000  reset
      1,000  user_not_found
    300,000  pending
          2  of these flagged repeated
     98,000  sign-outs done
HALTED: access_denied, AccessDeniedException since 2026-11-23 02:00:00 UTC
`)
	for _, text := range wrap((job.Halt{Reason: job.HaltAccessDenied}).Remedy(true), 77) {
		want.WriteString("  " + text + "\n")
	}
	if diff := cmp.Diff(want.String(), watched().block(79, false)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := watched().block(79, true); !strings.Contains(got, alarm+"HALTED") {
		t.Errorf("a halt is not red:\n%s", got)
	}
}

// How a job goes on, in one line and in JSON: a pace and a time left only while it is
// worked on.
func TestHowTheWatchedJobGoesOn(t *testing.T) {
	t.Parallel()
	const start = "worker --user-pool-id eu-west-1_AbCdEf123 --drain"
	for name, c := range map[string]struct {
		change func(*view)
		want   string // after the job's name and state
		state  progress.State
		pace   float64
		left   bool
	}{
		"at work": {func(v *view) { v.halt = nil },
			"100,000 of 400,000 done, 1,000 failed, 23.5 of 24.0 a second, 3 throttled, 4 in flight, about 3 h 37 min left, until ", progress.Working, 23.5, true},
		"silent": {func(v *view) { v.halt, v.silent = nil, 12*time.Second },
			"100,000 of 400,000 done, 1,000 failed, 23.5 of 24.0 a second, 3 throttled, 4 in flight (the worker was last heard of 12 s ago), about 3 h 37 min left, until ", progress.Working, 23.5, true},
		"halted": {func(*view) {},
			"100,000 of 400,000 done, 1,000 failed, HALTED: access_denied, AccessDeniedException, 0.0 of 24.0 a second, 3 throttled, 4 in flight", progress.Halted, 0, false},
		"paused": {func(v *view) { v.halt, v.Job.State = nil, job.StatePaused },
			"100,000 of 400,000 done, 1,000 failed, 0.0 of 24.0 a second, 3 throttled, 4 in flight, paused", progress.Paused, 0, false},
		"no worker": {func(v *view) { v.halt, v.shown = nil, nil },
			"100,000 of 400,000 done, 1,000 failed, no worker is active; start one: " + start, progress.NoWorker, 0, false},
		"a worker that ended": {func(v *view) { v.halt, v.shown, v.silent = nil, nil, 30*time.Second },
			"100,000 of 400,000 done, 1,000 failed, no worker is active, the last one was heard of 30 s ago; start one: " + start, progress.NoWorker, 0, false},
		"a worker of another pool": {func(v *view) { v.halt, v.shown.Pools = nil, []string{"eu-west-1_Other"} },
			"100,000 of 400,000 done, 1,000 failed, no worker is active for this job: the active one may touch only eu-west-1_Other; start it with this pool too: --user-pool-id eu-west-1_AbCdEf123", progress.NoWorker, 0, false},
		"waiting": {func(v *view) {
			v.halt, v.shown.Pace, v.shown.Estimate = nil, 0, progress.Estimate{Waiting: &progress.Waiting{Messages: 1, Until: v.seen.Add(time.Minute)}}
		}, "100,000 of 400,000 done, 1,000 failed, 0.0 of 24.0 a second, 3 throttled, 4 in flight, waiting for 1 message that is invisible in the queue (a worker that ended had received it, or it was put off): it comes back by 02:01:03 UTC, in 1 min at the latest", progress.WaitingForMessages, 0, false},
		"on trial": {func(v *view) {
			v.halt, v.Job.Plan.Canary, v.Totals.Outcomes = nil, 100, map[job.Outcome]int64{job.Reset: 88}
		}, "100,000 of 400,000 done, 0 failed, canary: waiting for 12 of the first 100, 23.5 of 24.0 a second, 3 throttled, 4 in flight, time left not known before the canary's verdict", progress.OnTrial, 23.5, false},
		"finished": {func(v *view) { v.halt, v.Job.State, v.Totals.Pending = nil, job.StateFinished, 0 },
			"400,000 of 400,000 done, 1,000 failed", progress.Done, 0, false},
		"cancelled": {func(v *view) {
			v.halt, v.Job.State, v.Totals.Pending = nil, job.StateCancelled, 0
			v.Totals.Outcomes[job.Cancelled] = 300_000
		}, "cancelled: 99,000 of 400,000 reset, 1,000 failed, 300,000 not done", progress.Cancelled, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := watched()
			c.change(&v)
			got := v.line()
			want := v.Job.ID + " " + string(v.Job.State) + ": " + c.want
			if c.left {
				got = got[:min(len(want), len(got))]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			p := v.document().Progress
			if p.State != c.state || p.Pace != c.pace || (p.Left != nil) != c.left || (p.Finish != nil) != c.left || (p.Rate > 0) != (c.pace > 0) || (p.Start != "") != (c.state == progress.NoWorker) {
				t.Errorf("in JSON: %+v", p)
			}
			if v.done() != v.Job.State.Over() {
				t.Errorf("done: %v", v.done())
			}
		})
	}
	unknown := watched()
	unknown.halt, unknown.shown, unknown.account = nil, nil, false
	if got := unknown.line(); !strings.HasSuffix(got, "pace not known: the job names no account, and so no worker") || unknown.document().Progress != nil {
		t.Errorf("without an account: %s", got)
	}
}

// A worker is active while its lease moves, whatever the clocks say.
func TestAWorkerIsActiveWhileItsLeaseMoves(t *testing.T) {
	t.Parallel()
	var l looker
	lease := func(counter int64, at time.Time) ledger.Lease {
		return ledger.Lease{Owner: "w", Counter: counter, State: []byte(`{"data":{"status":{"at":"` + at.Format(time.RFC3339) + `"}}}`)}
	}
	for i, c := range []struct {
		after  time.Duration // noon
		lease  ledger.Lease
		active bool
		silent time.Duration
	}{
		{0, lease(1, noon.Add(-time.Minute)), false, time.Minute}, // or a clock that is behind
		{4 * time.Second, lease(2, noon.Add(-57*time.Second)), true, 0},
		{12 * time.Second, lease(2, noon.Add(-57*time.Second)), true, 0},
		{22 * time.Second, lease(2, noon.Add(-57*time.Second)), true, 18 * time.Second},
		{23 * time.Second, lease(2, noon.Add(-57*time.Second)), false, 19 * time.Second},
		{24 * time.Second, lease(3, noon.Add(-36*time.Second)), true, 0},
		{25 * time.Second, ledger.Lease{Counter: 4}, false, 0},
	} {
		v := view{seen: noon.Add(c.after)}
		l.see(&v, c.lease)
		if (v.shown != nil) != c.active || v.silent != c.silent {
			t.Errorf("%d: active %v, silent for %v; want %v, %v", i, v.shown != nil, v.silent, c.active, c.silent)
		}
	}
	v := view{seen: noon}
	(&looker{}).see(&v, lease(1, noon.Add(time.Hour)))
	if v.shown == nil {
		t.Error("a worker whose clock is ahead does not count as active")
	}
}

func TestTheAccountOfAJob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		plan, by, want string
	}{
		{"111122223333", "arn:aws:iam::444455556666:user/ana", "111122223333"},
		{"", "arn:aws:sts::444455556666:assumed-role/ops/ana", "444455556666"},
		{"", "ana@host", ""},
	} {
		if got := accountOf(job.Job{StartedBy: tt.by, Plan: job.Plan{Account: tt.plan}}); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}
