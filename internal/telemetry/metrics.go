// Package telemetry is what Relock tells of itself: metrics for Prometheus,
// health for an orchestrator, and the log.
package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"relock/internal/job"
)

const namespace = "relock"

// Sets are the closed sets of label values that packages above this one own.
// Every combination is created at start, so that rates begin at zero.
type Sets struct {
	// Operations are those of Cognito, Codes the error codes that are told apart.
	Operations, Codes []string
	// Rejects are the reasons for which a message is not worked on.
	Rejects []string
	// QueueOperations are those of the queue.
	QueueOperations []string
	// Bounds are what can bound the budget.
	Bounds []string
	// QueueRefused tells of a queue's error that it refuses the caller: credentials
	// or permissions. Nil where that cannot be told.
	QueueRefused func(error) bool
}

// Other stands in a label for every value outside its closed set.
const Other = "other"

// Metrics is every series of a worker. Its methods may be called concurrently.
type Metrics struct {
	users         *prometheus.CounterVec
	repeated      prometheus.Counter
	signOuts      *prometheus.CounterVec
	rejected      *prometheus.CounterVec
	requests      *prometheus.CounterVec
	duration      *prometheus.HistogramVec
	pace          *prometheus.GaugeVec
	budget        *prometheus.GaugeVec
	quota         *prometheus.GaugeVec
	bound         *prometheus.GaugeVec
	inFlight      *prometheus.GaugeVec
	active        prometheus.Gauge
	queueMessages *prometheus.GaugeVec
	queueRequests *prometheus.CounterVec
	queueEntries  *prometheus.CounterVec
	lastReceive   prometheus.Gauge
	lastOutcome   prometheus.Gauge
	halted        *prometheus.GaugeVec
	jobTargets    *prometheus.GaugeVec
	jobSignOuts   *prometheus.GaugeVec
	jobCreated    *prometheus.GaugeVec
	jobPaused     *prometheus.GaugeVec
	drain         prometheus.Gauge
	deadLetters   *prometheus.GaugeVec
	retention     *prometheus.GaugeVec

	queueRefused func(error) bool

	operations, codes, queueOps map[string]bool
	bounds                      []string
}

// States of the label `state` of queue_messages and of job_targets.
var (
	queueStates = []string{"visible", "in_flight", "delayed"}
	// TargetStates are those of a job's targets.
	TargetStates = []string{"pending", "succeeded", "failed", "other"}
)

// NewMetrics registers every series with r and creates every label value.
func NewMetrics(r prometheus.Registerer, sets Sets) *Metrics {
	f := promauto.With(r)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return f.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	m := &Metrics{
		users:    counter("users_total", "Targets that got an outcome, by outcome.", "outcome"),
		repeated: f.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "repeated_total", Help: "Targets that were reset again because an earlier reset was in doubt."}),
		signOuts: counter("sign_outs_total", "Targets whose second step ended, by state: done, or failed where the sessions could not be ended.", "state"),
		rejected: counter("messages_rejected_total", "Messages that were not worked on, by reason.", "reason"),
		requests: counter("cognito_requests_total", "Calls to Cognito, every attempt counted, by operation and AWS error code (OK for a success).", "operation", "code"),
		duration: f.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "cognito_request_duration_seconds", Help: "How long calls to Cognito took.",
			Buckets:                         []float64{.025, .05, .1, .2, .4, .8, 1.6, 3.2, 6.4, 12.8},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"operation"}),
		pace:          gauge("pace", "Calls a second that the worker makes at most at this moment.", "operation"),
		budget:        gauge("budget", "Calls a second that the worker may make at most.", "operation"),
		quota:         gauge("quota", "Calls a second that Cognito grants to the operation's category, to all callers together.", "operation"),
		bound:         gauge("budget_bound", "1 for what bounds the budget of resets, else 0.", "bound"),
		inFlight:      gauge("in_flight", "Calls to Cognito under way.", "operation"),
		active:        f.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "active", Help: "1 if this worker is the one that calls Cognito, 0 if it stands by."}),
		queueMessages: gauge("queue_messages", "Messages in the queue, as the queue counts them, by state.", "state"),
		queueRequests: counter("sqs_requests_total", "Requests to the queue, every attempt counted, by operation and result.", "operation", "result"),
		queueEntries:  counter("sqs_batch_entry_failures_total", "Entries of batch requests to the queue that failed, by operation.", "operation"),
		lastReceive:   f.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "receive_last_success_timestamp_seconds", Help: "When the queue last answered a receive, in seconds since the epoch; 0 if never."}),
		lastOutcome:   f.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "outcome_last_timestamp_seconds", Help: "When an outcome was last recorded, in seconds since the epoch; 0 if never."}),
		halted:        gauge("halted", "1 while all work is stopped for the reason, else 0.", "reason"),
		jobTargets:    gauge("job_targets", "Targets of the jobs that are open, by job and state.", "reset_job", "state"),
		jobSignOuts:   gauge("job_sign_outs_pending", "Targets with an outcome whose sessions are still to be ended, by job; for the jobs that are open.", "reset_job"),
		jobCreated:    gauge("job_created_timestamp_seconds", "When the job was created, before its first message was sent, in seconds since the epoch; for the jobs that are open.", "reset_job"),
		jobPaused:     gauge("job_paused", "1 while an operator has the job on hold, else 0; for the jobs that are open.", "reset_job"),
		drain:         f.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "drain", Help: "1 if the worker ends by itself when its jobs are done (--drain), 0 if it is a service."}),
		deadLetters:   gauge("dead_letter_messages", "Messages in the dead-letter queue that wait to be looked at; absent where there is none, or it may not be counted."),
		retention:     gauge("queue_retention_seconds", "How long the queue keeps a message before it is dropped; absent where it keeps them for ever."),
		queueRefused:  sets.QueueRefused,
		operations:    set(sets.Operations),
		codes:         set(sets.Codes),
		queueOps:      set(sets.QueueOperations),
		bounds:        sets.Bounds,
	}
	m.create(sets)
	return m
}

func (m *Metrics) create(sets Sets) {
	for _, o := range job.Outcomes() {
		m.users.WithLabelValues(string(o))
	}
	for _, s := range []job.SignOut{job.SignOutDone, job.SignOutFailed} {
		m.signOuts.WithLabelValues(string(s))
	}
	for _, r := range sets.Rejects {
		m.rejected.WithLabelValues(r)
	}
	for _, op := range sets.Operations {
		for _, code := range append([]string{Other}, sets.Codes...) {
			m.requests.WithLabelValues(op, code)
		}
		m.duration.WithLabelValues(op)
		m.inFlight.WithLabelValues(op)
	}
	for _, op := range sets.QueueOperations {
		for _, result := range []string{"ok", "error", "refused"} {
			m.queueRequests.WithLabelValues(op, result)
		}
		m.queueEntries.WithLabelValues(op)
	}
	for _, s := range queueStates {
		m.queueMessages.WithLabelValues(s)
	}
	for _, r := range job.HaltReasons() {
		m.halted.WithLabelValues(string(r))
	}
}

func set(values []string) map[string]bool {
	s := make(map[string]bool, len(values))
	for _, v := range values {
		s[v] = true
	}
	return s
}

func within(s map[string]bool, v string) string {
	if s[v] {
		return v
	}
	return Other
}

// Outcome counts a recorded outcome.
func (m *Metrics) Outcome(o job.Outcome, repeated bool, at time.Time) {
	m.users.WithLabelValues(string(o)).Inc()
	if repeated {
		m.repeated.Inc()
	}
	m.lastOutcome.Set(unix(at))
}

// Outcomes counts n targets that got an outcome at once, when a job was closed.
func (m *Metrics) Outcomes(o job.Outcome, n int64) {
	m.users.WithLabelValues(string(o)).Add(float64(n))
}

// SignOut counts n targets whose second step ended in a state.
func (m *Metrics) SignOut(s job.SignOut, n int64) {
	m.signOuts.WithLabelValues(string(s)).Add(float64(n))
}

// Rejected counts a message that was not worked on.
func (m *Metrics) Rejected(reason string) { m.rejected.WithLabelValues(reason).Inc() }

// Request counts a call to Cognito.
func (m *Metrics) Request(operation, code string, took time.Duration) {
	m.requests.WithLabelValues(operation, within(m.codes, code)).Inc()
	m.duration.WithLabelValues(operation).Observe(took.Seconds())
}

// Pace is how fast an operation goes.
type Pace struct {
	Pace, Budget, Quota float64 // calls a second
	InFlight            int
}

// SetPace shows how fast an operation goes.
func (m *Metrics) SetPace(operation string, p Pace) {
	m.pace.WithLabelValues(operation).Set(p.Pace)
	m.budget.WithLabelValues(operation).Set(p.Budget)
	m.quota.WithLabelValues(operation).Set(p.Quota)
	m.inFlight.WithLabelValues(operation).Set(float64(p.InFlight))
}

// SetBound shows what bounds the budget of resets.
func (m *Metrics) SetBound(bound string) {
	for _, b := range m.bounds {
		m.bound.WithLabelValues(b).Set(bit(b == bound))
	}
}

// SetActive shows whether this worker is the one that calls Cognito.
func (m *Metrics) SetActive(active bool) { m.active.Set(bit(active)) }

// SetQueue shows how many messages the queue holds.
func (m *Metrics) SetQueue(visible, inFlight, delayed int64) {
	for i, n := range []int64{visible, inFlight, delayed} {
		m.queueMessages.WithLabelValues(queueStates[i]).Set(float64(n))
	}
}

// SetDeadLetters shows how many messages wait in the dead-letter queue. Before the
// first call there is no such series: a zero that nobody counted is worse.
func (m *Metrics) SetDeadLetters(n int64) { m.deadLetters.WithLabelValues().Set(float64(n)) }

// SetRetention shows how long the queue keeps a message.
func (m *Metrics) SetRetention(d time.Duration) { m.retention.WithLabelValues().Set(d.Seconds()) }

// SetDrain shows whether the worker ends by itself.
func (m *Metrics) SetDrain(drain bool) { m.drain.Set(bit(drain)) }

// QueueRequest counts a request to the queue. Its result is ok, error, or refused
// where the queue refuses the caller.
func (m *Metrics) QueueRequest(operation string, err error, entriesFailed int) {
	op := within(m.queueOps, operation)
	switch {
	case err != nil && m.queueRefused != nil && m.queueRefused(err):
		m.queueRequests.WithLabelValues(op, "refused").Inc()
		return
	case err != nil:
		m.queueRequests.WithLabelValues(op, "error").Inc()
		return
	}
	m.queueRequests.WithLabelValues(op, "ok").Inc()
	m.queueEntries.WithLabelValues(op).Add(float64(entriesFailed))
	if operation == "ReceiveMessage" {
		m.lastReceive.Set(unix(time.Now()))
	}
}

// SetHalted shows the halt, or with an empty reason that there is none.
func (m *Metrics) SetHalted(reason job.HaltReason) {
	for _, r := range job.HaltReasons() {
		m.halted.WithLabelValues(string(r)).Set(bit(r == reason))
	}
}

// SetJob shows how the targets of an open job stand, in the order of
// TargetStates.
func (m *Metrics) SetJob(id string, pending, succeeded, failed, other int64) {
	for i, n := range []int64{pending, succeeded, failed, other} {
		m.jobTargets.WithLabelValues(id, TargetStates[i]).Set(float64(n))
	}
}

// SetJobSignOuts shows how many sign-outs of an open job are still to be done.
func (m *Metrics) SetJobSignOuts(id string, pending int64) {
	m.jobSignOuts.WithLabelValues(id).Set(float64(pending))
}

// SetJobState shows when an open job was created, and whether it is on hold.
func (m *Metrics) SetJobState(id string, created time.Time, paused bool) {
	m.jobCreated.WithLabelValues(id).Set(unix(created))
	m.jobPaused.WithLabelValues(id).Set(bit(paused))
}

// DropJob removes the series of a job that is no longer open, so that their
// number stays bounded.
func (m *Metrics) DropJob(id string) {
	of := prometheus.Labels{"reset_job": id}
	m.jobTargets.DeletePartialMatch(of)
	m.jobSignOuts.DeletePartialMatch(of)
	m.jobCreated.DeletePartialMatch(of)
	m.jobPaused.DeletePartialMatch(of)
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }
