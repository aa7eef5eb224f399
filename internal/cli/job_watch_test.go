package cli

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/ledger"
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
		halt:  &job.Halt{Reason: job.HaltAccessDenied, Code: "AccessDeniedException", Since: at},
		shown: &worker.Shown{At: at, Pace: 23.5, Budget: 24, Throttles: 3, InFlight: 4},
		seen:  at.Add(30 * time.Second),
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
		for line := range strings.Lines(watched().block("about 3 h 28 min left", width, false)) {
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
23.5 of 24.0 a second, 3 throttled, 4 in flight (the worker was last heard of
30 s ago), about 3 h 28 min left
budget: 24 requests a second: 80 % of the quota of 30 for UserAccountRecovery,
read from Service Quotas
    99,000  reset
     1,000  user_not_found
   300,000  pending
         2  of these flagged repeated
    98,000  sign-outs done
HALTED: access_denied, AccessDeniedException since 2026-11-23 02:00:00 UTC
`)
	for _, text := range wrap(job.HaltAccessDenied.Remedy(), 77) {
		want.WriteString("  " + text + "\n")
	}
	if diff := cmp.Diff(want.String(), watched().block("about 3 h 28 min left", 79, false)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := watched().block("", 79, true); !strings.Contains(got, alarm+"HALTED") {
		t.Errorf("a halt is not red:\n%s", got)
	}
}

func TestTheWatchedJobInOneLine(t *testing.T) {
	t.Parallel()
	v := watched()
	want := "incident-2026-11-23-the-whole-of-the-customer-pool open: 100,000 of 400,000 done, 1,000 failed, HALTED: access_denied, AccessDeniedException, 23.5 of 24.0 a second, 3 throttled, 4 in flight (the worker was last heard of 30 s ago), about 1 h left"
	if diff := cmp.Diff(want, v.line("about 1 h left")); diff != "" {
		t.Error(diff)
	}
	v.shown, v.halt = nil, nil
	if got := v.line("x"); !strings.Contains(got, "no worker holds the lease") {
		t.Error(got)
	}
	v.Job.State, v.Totals.Pending = job.StateFinished, 0
	if got := v.line("x"); strings.Contains(got, "pace") || !v.done() {
		t.Error(got)
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
