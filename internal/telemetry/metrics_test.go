package telemetry

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"relock/internal/job"
)

var errDenied = errors.New("access denied")

func testSets() Sets {
	return Sets{
		Operations: []string{"AdminResetUserPassword"}, Codes: []string{"OK", "TooManyRequestsException"},
		Rejects: []string{"version"}, QueueRefused: func(err error) bool { return errors.Is(err, errDenied) }, QueueOperations: []string{"ReceiveMessage"}, Bounds: []string{"quota", "rate"},
	}
}

func newTest(t *testing.T) (*prometheus.Registry, *Metrics) {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	return r, NewMetrics(r, testSets())
}

func TestMetricNamesFollowPrometheus(t *testing.T) {
	t.Parallel()
	r, m := newTest(t)
	m.SetJob("j", 1, 2, 3, 4)
	problems, err := testutil.GatherAndLint(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestEverySeriesIsThereFromTheStart(t *testing.T) {
	t.Parallel()
	r, _ := newTest(t)
	for name, want := range map[string]int{
		"relock_users_total":                            len(job.Outcomes()),
		"relock_halted":                                 len(job.HaltReasons()),
		"relock_messages_rejected_total":                1,
		"relock_cognito_requests_total":                 3,
		"relock_sqs_requests_total":                     3,
		"relock_drain":                                  1,
		"relock_queue_messages":                         3,
		"relock_repeated_total":                         1,
		"relock_active":                                 1,
		"relock_receive_last_success_timestamp_seconds": 1,
		"relock_outcome_last_timestamp_seconds":         1,
		"relock_cognito_request_duration_seconds":       1,
		"relock_sqs_batch_entry_failures_total":         1,
	} {
		got, err := testutil.GatherAndCount(r, name)
		if err != nil || got != want {
			t.Errorf("%s: %d series, error %v, want %d", name, got, err, want)
		}
	}
}

func TestValuesOutsideTheSetsAreOther(t *testing.T) {
	t.Parallel()
	r, m := newTest(t)
	m.Request("AdminResetUserPassword", "OK", time.Millisecond)
	m.Request("AdminResetUserPassword", "BrandNewException", time.Millisecond)
	m.QueueRequest("ReceiveMessage", errors.New("no"), 0)
	m.QueueRequest("ReceiveMessage", errDenied, 0)
	m.QueueRequest("ReceiveMessage", nil, 2)
	want := `
# HELP relock_cognito_requests_total Calls to Cognito, every attempt counted, by operation and AWS error code (OK for a success).
# TYPE relock_cognito_requests_total counter
relock_cognito_requests_total{code="OK",operation="AdminResetUserPassword"} 1
relock_cognito_requests_total{code="TooManyRequestsException",operation="AdminResetUserPassword"} 0
relock_cognito_requests_total{code="other",operation="AdminResetUserPassword"} 1
# HELP relock_sqs_batch_entry_failures_total Entries of batch requests to the queue that failed, by operation.
# TYPE relock_sqs_batch_entry_failures_total counter
relock_sqs_batch_entry_failures_total{operation="ReceiveMessage"} 2
# HELP relock_sqs_requests_total Requests to the queue, every attempt counted, by operation and result.
# TYPE relock_sqs_requests_total counter
relock_sqs_requests_total{operation="ReceiveMessage",result="error"} 1
relock_sqs_requests_total{operation="ReceiveMessage",result="ok"} 1
relock_sqs_requests_total{operation="ReceiveMessage",result="refused"} 1
`
	if err := testutil.GatherAndCompare(r, strings.NewReader(want),
		"relock_cognito_requests_total", "relock_sqs_requests_total", "relock_sqs_batch_entry_failures_total"); err != nil {
		t.Error(err)
	}
}

func TestAHaltIsOneReasonAtATime(t *testing.T) {
	t.Parallel()
	r, m := newTest(t)
	m.SetHalted(job.HaltAccessDenied)
	m.SetHalted(job.HaltCredentials)
	got, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range got {
		if f.GetName() == "relock_halted" {
			for _, s := range f.GetMetric() {
				sum += s.GetGauge().GetValue()
			}
		}
	}
	if sum != 1 {
		t.Errorf("%v reasons are set, want 1", sum)
	}
}

func TestAJobThatIsOverLeavesNoSeries(t *testing.T) {
	t.Parallel()
	r, m := newTest(t)
	m.SetJob("a", 1, 0, 0, 0)
	m.SetJob("b", 1, 0, 0, 0)
	m.SetJobSignOuts("a", 1)
	m.SetJobSignOuts("b", 1)
	m.SetJobState("a", time.Unix(1, 0), true)
	m.SetJobState("b", time.Unix(1, 0), false)
	m.DropJob("a")
	for _, name := range []string{"relock_job_created_timestamp_seconds", "relock_job_paused", "relock_job_sign_outs_pending"} {
		if n, err := testutil.GatherAndCount(r, name); err != nil || n != 1 {
			t.Errorf("%s: %d series, error %v, want that of one job", name, n, err)
		}
	}
	if n, err := testutil.GatherAndCount(r, "relock_job_targets"); err != nil || n != len(TargetStates) {
		t.Errorf("%d series, error %v, want those of one job", n, err)
	}
}

// A zero that nobody counted would say that all is well.
func TestWhatIsNotKnownHasNoSeries(t *testing.T) {
	t.Parallel()
	r, m := newTest(t)
	for _, name := range []string{"relock_dead_letter_messages", "relock_queue_retention_seconds"} {
		if n, err := testutil.GatherAndCount(r, name); err != nil || n != 0 {
			t.Errorf("%s: %d series before it is known, error %v", name, n, err)
		}
	}
	m.SetDeadLetters(0)
	m.SetRetention(96 * time.Hour)
	m.SetDrain(true)
	want := `
# HELP relock_dead_letter_messages Messages in the dead-letter queue that wait to be looked at; absent where there is none, or it may not be counted.
# TYPE relock_dead_letter_messages gauge
relock_dead_letter_messages 0
# HELP relock_drain 1 if the worker ends by itself when its jobs are done (--drain), 0 if it is a service.
# TYPE relock_drain gauge
relock_drain 1
# HELP relock_queue_retention_seconds How long the queue keeps a message before it is dropped; absent where it keeps them for ever.
# TYPE relock_queue_retention_seconds gauge
relock_queue_retention_seconds 345600
`
	if err := testutil.GatherAndCompare(r, strings.NewReader(want),
		"relock_dead_letter_messages", "relock_queue_retention_seconds", "relock_drain"); err != nil {
		t.Error(err)
	}
}
