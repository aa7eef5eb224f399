package cli

import (
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
  verify the pool's SES identity and its sending policy, then run ` + "`job resume`" + `
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
