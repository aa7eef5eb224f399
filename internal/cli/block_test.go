package cli

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/pace"
	"relock/internal/report/progress"
	"relock/internal/worker"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// atWork is a worker at work on a job of 2,000 users.
func atWork(change ...func(*worker.Status)) worker.Status {
	st := worker.Status{
		Jobs: []worker.JobStatus{{
			Job:    job.Job{ID: "inc-1", State: job.StateOpen, Counts: job.Counts{Targets: 2000}},
			Totals: ledger.Totals{Targets: 2000, Pending: 1000, Outcomes: map[job.Outcome]int64{job.Reset: 900, job.UserDisabled: 100}, SignOuts: map[job.SignOut]int64{}},
		}},
		Pace: pace.Snapshot{Pace: 23.4, Budget: 24, Throttles: 2, InFlight: 3}, Leading: true,
		Estimate: progress.Estimate{Rate: 20, Jobs: 1, Pending: 1000},
	}
	for _, f := range change {
		f(&st)
	}
	return st
}

func halted(st *worker.Status) {
	st.Halt = &job.Halt{Reason: job.HaltEmailRole, Code: "InvalidEmailRoleAccessPolicyException", Since: time.Date(2026, 11, 23, 3, 4, 0, 0, time.Local)}
	st.Pace.Pace, st.Estimate.Rate = 0, 0
}

func TestBlock(t *testing.T) {
	t.Parallel()
	const bar = "[==========          ] inc-1  1,000 of 2,000 done, 100 failed\n"
	for name, c := range map[string]struct {
		change func(*worker.Status)
		want   string
	}{
		"at work": {func(*worker.Status) {}, bar + "pace 23.4 of 24.0 a second, 2 throttled, 3 in flight, about 50 s left\n"},
		"halted": {halted, bar + `pace 0.0 of 24.0 a second, 2 throttled, 3 in flight
HALTED: email_role, InvalidEmailRoleAccessPolicyException since 03:04
  verify the pool's SES identity, and let its sending policy grant
  ses:SendEmail and ses:SendRawEmail to Cognito; then run ` + "`job resume`" + `
`},
		"paused": {func(st *worker.Status) {
			st.Jobs[0].Job.State, st.Pace = job.StatePaused, pace.Snapshot{Budget: 24}
		}, bar + "pace 0.0 of 24.0 a second, 0 throttled, 0 in flight, paused\n"},
		"waiting": {func(st *worker.Status) {
			st.Pace.Pace, st.Pace.InFlight, st.Estimate.Rate = 0, 0, 0
			st.Estimate.Waiting = &progress.Waiting{Messages: 1046, Until: noon.Add(80 * time.Second)}
		}, bar + `pace 0.0 of 24.0 a second, 2 throttled, 0 in flight
  waiting for 1,046 messages that are invisible in the queue (a worker that
  ended had received them, or they were put off): they come back by 12:01:20
  UTC, in 1 min 20 s at the latest
`},
		"on trial": {func(st *worker.Status) {
			st.Jobs[0].Job.Plan.Canary, st.Jobs[0].Totals.Outcomes = 100, map[job.Outcome]int64{job.Reset: 88}
		}, "[==========          ] inc-1  1,000 of 2,000 done, 0 failed\n" + `  canary: waiting for 12 of the first 100
pace 23.4 of 24.0 a second, 2 throttled, 3 in flight
  time left not known before the canary's verdict
`},
		"after the canary": {func(st *worker.Status) {
			st.Jobs[0].Job.Plan = job.Plan{Canary: 100, Projected: new(0.98)}
			st.Jobs[0].Verdict = &progress.Verdict{Reset: 97, Users: 100}
		}, bar + `  canary: 97 of the first 100 were reset; the projection was 98 %: going on
pace 23.4 of 24.0 a second, 2 throttled, 3 in flight, about 50 s left
`},
		"cancelled": {func(st *worker.Status) {
			st.Jobs[0].Job.State, st.Pace, st.Estimate = job.StateCancelled, pace.Snapshot{Budget: 24}, progress.Estimate{}
			st.Jobs[0].Totals = ledger.Totals{Targets: 2000, Outcomes: map[job.Outcome]int64{job.Reset: 900, job.Cancelled: 1100}}
		}, `[=========           ] inc-1  cancelled: 900 of 2,000 reset, 1,100 not done
pace 0.0 of 24.0 a second, 0 throttled, 0 in flight, cancelled
`},
		"without the lease": {func(st *worker.Status) { st.Leading, st.Pace.Pace = false, 0 }, bar + `pace 0.0 of 24.0 a second, 2 throttled, 3 in flight
  no worker is active: this one waits for the lease in the ledger
`},
		"without a job": {func(st *worker.Status) { *st = worker.Status{} }, `no open job for these user pools; waiting
pace 0.0 of 0.0 a second, 0 throttled, 0 in flight, nothing to do
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := atWork(c.change)
			if diff := cmp.Diff(c.want, blockOf(st, noon, 79, false)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for line := range strings.Lines(blockOf(st, noon, 30, false)) {
				if n := len(strings.TrimSuffix(line, "\n")); n > 30 {
					t.Errorf("%d columns wide, want 30 at most: %q", n, line)
				}
			}
		})
	}
	plain, coloured := blockOf(atWork(halted), noon, 79, false), blockOf(atWork(halted), noon, 79, true)
	if !strings.Contains(coloured, "\x1b[1;31mHALTED: ") || strings.ReplaceAll(strings.ReplaceAll(coloured, alarm, ""), normal, "") != plain {
		t.Errorf("with colours: %q", coloured)
	}
}

// What the block says beside pace and outcomes: that it stands by, and how the
// sign-outs go.
func TestBlockOfTwoStages(t *testing.T) {
	t.Parallel()
	st := atWork(func(st *worker.Status) {
		st.Jobs[0].Job.Policy.SignOut = true
		st.Jobs[0].Totals.SignOuts = map[job.SignOut]int64{job.SignOutDone: 783, job.SignOutPending: 100, job.SignOutFailed: 2}
		st.SignOuts = pace.Snapshot{Pace: 19.5, Budget: 20, Throttles: 1, InFlight: 2}
	})
	const bar = "[=========           ] inc-1\n  1,000 of 2,000 done, 100 failed, 783 signed out, 2 not\n"
	const want = bar + `pace 23.4 of 24.0 a second, 2 throttled, 3 in flight, about 50 s left
sign-outs 19.5 of 20.0 a second, 1 throttled, 2 in flight
`
	if diff := cmp.Diff(want, blockOf(st, noon, 79, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	st.Active, st.Leading, st.Estimate = "host-2:7", false, progress.Estimate{}
	const standing = bar + "standing by: host-2:7 is the active worker\n"
	if diff := cmp.Diff(standing, blockOf(st, noon, 79, false)); diff != "" {
		t.Errorf("as a standby (-want +got):\n%s", diff)
	}
	st.Theirs = &worker.LeaderStatus{Pace: 12.5, Budget: 24, Throttles: 3, InFlight: 2}
	st.Estimate = progress.Estimate{Rate: 10, Jobs: 1, Pending: 1000}
	const theirs = standing + "its pace 12.5 of 24.0 a second, 3 throttled, 2 in flight, about 2 min left\n"
	if diff := cmp.Diff(theirs, blockOf(st, noon, 79, false)); diff != "" {
		t.Errorf("as a standby that knows of the other (-want +got):\n%s", diff)
	}
	st.Silent = 12 * time.Second
	const silent = bar + `standing by: host-2:7 has been silent for 12 s; this worker takes over in 11 s
at the latest
`
	if diff := cmp.Diff(silent, blockOf(st, noon, 79, false)); diff != "" {
		t.Errorf("while the other is silent (-want +got):\n%s", diff)
	}
}

func TestTheLogSaysHowARunStands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		st         worker.Status
		want, none string
	}{
		{atWork(), `msg=pace pace=23.4 budget=24 throttles=2 in_flight=3 eta="about 50 s left"`, "canary"},
		{atWork(halted), `msg=pace pace=0 budget=24 throttles=2 in_flight=3 eta="halted: email_role, Invalid`, " left"},
		{atWork(func(st *worker.Status) {
			st.Jobs[0].Job.Plan.Canary, st.Jobs[0].Verdict = 100, &progress.Verdict{Reset: 97, Users: 100}
		}), `canary="97 of the first 100 were reset; nothing was projected, and 90 % were wanted: going on"`, "not known"},
		{worker.Status{Active: "host-2:7", Theirs: &worker.LeaderStatus{Pace: 12.5, Budget: 24, Throttles: 3, InFlight: 2}}, `msg="pace of the active worker" active=host-2:7 pace=12.5 budget=24 throttles=3 in_flight=2 eta="nothing to do" at=`, "silent"},
		{worker.Status{Active: "host-2:7"}, `msg="pace of the active worker" active=host-2:7`, "pace="},
		{worker.Status{Active: "host-2:7", Silent: 12 * time.Second, Theirs: &worker.LeaderStatus{}}, "silent_for=12s", "pace="},
	} {
		var b strings.Builder
		logStatus(slog.New(slog.NewTextHandler(&b, nil)), c.st, noon)
		if got := b.String(); !strings.Contains(got, c.want) || strings.Contains(got, c.none) {
			t.Errorf("got %s, want %s and no %q", got, c.want, c.none)
		}
	}
}
