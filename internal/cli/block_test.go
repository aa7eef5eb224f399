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
	"relock/internal/worker"
)

func TestBlock(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 23, 3, 4, 0, 0, time.Local)
	st := worker.Status{
		Jobs: []worker.JobStatus{{
			Job:    job.Job{ID: "inc-1", Counts: job.Counts{Targets: 200}},
			Totals: ledger.Totals{Targets: 200, Pending: 100, Outcomes: map[job.Outcome]int64{job.Reset: 90, job.UserDisabled: 10}},
		}},
		Pace: pace.Snapshot{Pace: 23.4, Budget: 24, Throttles: 2, InFlight: 3},
		Halt: &job.Halt{Reason: job.HaltEmailRole, Code: "InvalidEmailRoleAccessPolicyException", Since: since},
	}
	const plainBlock = `[==========          ] inc-1  100 of 200 done, 10 failed
pace 23.4 of 24.0 a second, 2 throttled, 3 in flight, about 5 s left
HALTED: email_role, InvalidEmailRoleAccessPolicyException since 03:04
  verify the pool's SES identity, and let its sending policy grant
  ses:SendEmail and ses:SendRawEmail to Cognito; then run ` + "`job resume`" + `
`
	if diff := cmp.Diff(plainBlock, blockOf(st, "about 5 s left", 79, false)); diff != "" {
		t.Errorf("without colours (-want +got):\n%s", diff)
	}
	coloured := blockOf(st, "about 5 s left", 79, true)
	if !strings.Contains(coloured, "\x1b[1;31mHALTED: ") || strings.ReplaceAll(strings.ReplaceAll(coloured, alarm, ""), normal, "") != plainBlock {
		t.Errorf("with colours: %q", coloured)
	}
	for line := range strings.Lines(blockOf(st, "about 5 s left", 30, false)) {
		if n := len(strings.TrimSuffix(line, "\n")); n > 30 {
			t.Errorf("%d columns wide, want 30 at most: %q", n, line)
		}
	}
	if got := blockOf(worker.Status{}, "time left not known", 79, false); !strings.HasPrefix(got, "no open job for these user pools; waiting\n") {
		t.Errorf("without a job: %q", got)
	}
}

func TestTimeLeft(t *testing.T) {
	t.Parallel()
	start := time.Now()
	var r recent
	if got := r.eta(10); got != "time left not known" {
		t.Errorf("before anything: %q", got)
	}
	// Slow at first: what counts is the last minute.
	for i := range 100 {
		r.add(start.Add(time.Duration(i)*time.Second), int64(i))
	}
	r.add(start.Add(159*time.Second), 99+24*60)
	for pending, want := range map[int64]string{0: "done", -5: "done", 24: "about 1 s left", 24 * 90: "about 2 min left", 24 * 7200: "about 2 h 00 min left"} {
		if got := r.eta(pending); got != want {
			t.Errorf("%d pending: %q, want %q", pending, got, want)
		}
	}
}

// What the block says beside pace and outcomes: that it stands by, and how the
// sign-outs go.
func TestBlockOfTwoStages(t *testing.T) {
	t.Parallel()
	st := worker.Status{
		Jobs: []worker.JobStatus{{
			Job: job.Job{ID: "inc-1", Counts: job.Counts{Targets: 200}, Policy: job.Policy{SignOut: true}},
			Totals: ledger.Totals{
				Targets: 200, Pending: 100, Outcomes: map[job.Outcome]int64{job.Reset: 100},
				SignOuts: map[job.SignOut]int64{job.SignOutDone: 83, job.SignOutPending: 15, job.SignOutFailed: 2},
			},
		}},
		Pace:     pace.Snapshot{Pace: 24, Budget: 24, InFlight: 3},
		SignOuts: pace.Snapshot{Pace: 19.5, Budget: 20, Throttles: 1, InFlight: 2},
	}
	const want = `[==========          ] inc-1  100 of 200 done, 0 failed, 83 signed out, 2 not
pace 24.0 of 24.0 a second, 0 throttled, 3 in flight, soon
sign-outs 19.5 of 20.0 a second, 1 throttled, 2 in flight
`
	if diff := cmp.Diff(want, blockOf(st, "soon", 79, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	st.Active = "host-2:7"
	const standing = `[==========          ] inc-1  100 of 200 done, 0 failed, 83 signed out, 2 not
standing by: host-2:7 is the active worker
`
	if diff := cmp.Diff(standing, blockOf(st, "soon", 79, false)); diff != "" {
		t.Errorf("as a standby (-want +got):\n%s", diff)
	}
	st.Theirs = &worker.LeaderStatus{Pace: 12.5, Budget: 24, Throttles: 3, InFlight: 2}
	const theirs = standing + "its pace 12.5 of 24.0 a second, 3 throttled, 2 in flight\n"
	if diff := cmp.Diff(theirs, blockOf(st, "soon", 79, false)); diff != "" {
		t.Errorf("as a standby that knows of the other (-want +got):\n%s", diff)
	}
}

func TestAStandbyLogsThePaceOfTheActiveWorker(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	log := slog.New(slog.NewTextHandler(&b, nil))
	logTheirs(log, worker.Status{Active: "host-2:7", Theirs: &worker.LeaderStatus{Pace: 12.5, Budget: 24, Throttles: 3, InFlight: 2}})
	for _, want := range []string{`msg="pace of the active worker" active=host-2:7 pace=12.5 budget=24 throttles=3 in_flight=2 at=`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got %s, want %s", b.String(), want)
		}
	}
	logTheirs(log, worker.Status{Active: "host-2:7"})
	if n := strings.Count(b.String(), "pace="); n != 1 {
		t.Errorf("a pace that is not known is logged: %s", b.String())
	}
}

// The time left follows what is done, and not what was done before the run; where
// nothing is done it says why.
func TestTimeLeftOfARun(t *testing.T) {
	t.Parallel()
	start := time.Now()
	status := func(done int64, change func(*worker.Status)) worker.Status {
		st := worker.Status{
			Jobs: []worker.JobStatus{{
				Job:    job.Job{ID: "inc-1", State: job.StateOpen, Counts: job.Counts{Targets: 100_000}},
				Totals: ledger.Totals{Targets: 100_000, Pending: 100_000 - done, SignOuts: map[job.SignOut]int64{}},
			}},
			Pace: pace.Snapshot{Pace: 20, Budget: 24}, SignOuts: pace.Snapshot{Pace: 10, Budget: 20},
		}
		if change != nil {
			change(&st)
		}
		return st
	}
	var r recent
	if got := timeLeft(&r, worker.Status{}); got != "nothing to do" {
		t.Errorf("without a job: %q", got)
	}
	r.look(start, worker.Status{})
	r.look(start.Add(time.Second), status(90_000, nil))
	r.look(start.Add(3*time.Second), status(90_040, nil))
	if got := timeLeft(&r, status(90_040, nil)); got != "about 8 min left" {
		t.Errorf("at first, by the pace: %q", got)
	}
	r.look(start.Add(20*time.Second), status(90_095, nil)) // nearly five a second
	for want, change := range map[string]func(*worker.Status){
		"about 35 min left": nil,
		"halted":            func(st *worker.Status) { st.Halt = &job.Halt{Reason: job.HaltLedger} },
		"standing by":       func(st *worker.Status) { st.Active = "b" },
		"paused":            func(st *worker.Status) { st.Jobs[0].Job.State = job.StatePaused },
		"done":              func(st *worker.Status) { st.Jobs[0].Totals.Pending = 0 },
		"ending the last sessions": func(st *worker.Status) {
			st.Jobs[0].Totals.Pending, st.Jobs[0].Totals.SignOuts[job.SignOutPending] = 0, 1
		},
	} {
		if got := timeLeft(&r, status(90_095, change)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for i := range 70 {
		r.look(start.Add(time.Duration(21+i)*time.Second), status(90_095, nil))
	}
	if got := timeLeft(&r, status(90_095, nil)); got != "time left not known: nothing has moved for a minute" {
		t.Errorf("after a minute of nothing: %q", got)
	}
	var young recent
	young.look(start, status(0, nil))
	if got := timeLeft(&young, status(0, func(st *worker.Status) { st.Jobs[0].Job.Policy.SignOut = true })); got != "about 2 h 46 min left" {
		t.Errorf("sign-outs are narrower: %q", got)
	}
}
