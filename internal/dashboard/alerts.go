package dashboard

// Limits of alerts, which the dashboard shows too.
const (
	throttleShare = 0.05
	failureShare  = 0.1
)

// Rules are the recording and the alert rules. runbook is the address of
// docs/runbook.md.
func Rules(runbook string) []Group {
	alerts := Alerts()
	for i := range alerts {
		alerts[i].Runbook = runbook + "#" + anchor(alerts[i].Alert)
	}
	return []Group{{Name: "relock.rules", Rules: records()}, {Name: "relock.alerts", Rules: alerts}}
}

func records() []Rule {
	return filled([]Rule{
		{
			Record: "job:relock_users:rate5m",
			Why:    "Outcomes a second.",
			Expr:   `sum by (SETUP) (rate(relock_users_total[5m]))`,
		},
		{
			Record: "job:relock_failures:ratio_rate10m",
			Why:    "Share of the users whose reset failed, where at least 20 had an outcome. Users who were\nnot to be reset (excluded, cancelled) do not count.",
			Expr: `
sum by (SETUP) (rate(relock_users_total{outcome=~"FAILURES"}[10m]))
  / sum by (SETUP) (rate(relock_users_total{outcome!~"UNTRIED"}[10m]))
  and sum by (SETUP) (increase(relock_users_total{outcome!~"UNTRIED"}[10m])) >= 20`,
		},
		{
			Record: "job:relock_throttles:ratio_rate5m",
			Why:    "Share of our resets that Cognito asked to slow down, where at least 20 were called.",
			Expr: `
sum by (SETUP) (rate(relock_cognito_requests_total{operation="AdminResetUserPassword", code=~"THROTTLES"}[5m]))
  / sum by (SETUP) (rate(relock_cognito_requests_total{operation="AdminResetUserPassword"}[5m]))
  and sum by (SETUP) (increase(relock_cognito_requests_total{operation="AdminResetUserPassword"}[5m])) >= 20`,
		},
		{
			Record: "job:relock_workable_targets:sum",
			Why:    "Targets without an outcome that are not on hold. A standby shows them too.",
			Expr: `
sum by (SETUP) (
  max by (SETUP, reset_job) (
    relock_job_targets{state="pending"} unless on (SETUP, instance, reset_job) relock_job_paused == 1
  )
)`,
		},
		{
			Record: "job:relock_pending_work:sum",
			Why:    "These, and the sign-outs that are still to be done. 0 where all jobs are on hold, or an\nactive worker has no open job; absent where no worker says anything.",
			Expr: `
sum by (SETUP) (
  max by (SETUP, reset_job, state) (
    (relock_job_targets{state="pending"} or relock_job_sign_outs_pending)
    unless on (SETUP, instance, reset_job) relock_job_paused == 1
  )
)
  or 0 * sum by (SETUP) (relock_job_targets{state="pending"})
  or 0 * (sum by (SETUP) (relock_active) > 0)`,
		},
		{
			Record: "job:relock_eta:seconds",
			Why:    "How long they take: by the mean rate, or where there is none, by the pace.",
			Expr: `
job:relock_workable_targets:sum
  / (
    (job:relock_users:rate5m > 0)
    or max by (SETUP) (relock_pace{operation="AdminResetUserPassword"} and on (SETUP, instance) relock_active == 1)
  )`,
		},
	})
}

// Alerts are the alert rules, without the addresses of their sections.
func Alerts() []Rule {
	return filled([]Rule{
		{
			Alert: "RelockHalted", Severity: "critical", For: "1m",
			Why:         "A reason that is not known to end by itself needs an operator.",
			Expr:        `max by (SETUP, reason) (relock_halted{reason!~"SELFCLEARING"}) == 1`,
			Summary:     "Relock ({{ $labels.job }}) is halted until an operator resumes it: {{ $labels.reason }}",
			Description: "No user is reset until the cause is fixed and somebody calls `job resume --user-pool-id POOL`; nothing is lost. The runbook has a section for {{ $labels.reason }}.",
		},
		{
			Alert: "RelockHalted", Severity: "warning", For: "1m",
			Expr:        `max by (SETUP, reason) (relock_halted{reason=~"SELFCLEARING"}) == 1`,
			Summary:     "Relock ({{ $labels.job }}) is halted until the cause passes: {{ $labels.reason }}",
			Description: "No user is reset until then; nothing is lost. A worker that runs checks again and again, and goes on by itself. The runbook has a section for {{ $labels.reason }}.",
		},
		{
			Alert: "RelockNoProgress", Severity: "critical", For: "15m",
			Why: "Work that may be done, a worker that may do it, and no outcome. Messages that are put\noff for an hour are not visible, so that a long tail is no alarm.",
			Expr: `
sum by (SETUP) (increase(relock_users_total[5m])) == 0
  and job:relock_workable_targets:sum > 0
  and sum by (SETUP) (relock_active) > 0
  unless max by (SETUP) (relock_halted) == 1
  and (
    max by (SETUP) (relock_queue_messages{state="visible"}) > 0
    or time() - max by (SETUP) (relock_receive_last_success_timestamp_seconds) > 300
  )`,
			Summary:     "Relock ({{ $labels.job }}) has had no outcome for 15 minutes, with work to do",
			Description: "Targets are pending, a worker is active and not halted, and yet no user was reset. The queue, the ledger or the network between is in the way.",
		},
		{
			Alert: "RelockThrottleRatioHigh", Severity: "warning", For: "2m",
			Expr:        `job:relock_throttles:ratio_rate5m > 0.05`,
			Summary:     "Cognito throttles {{ $value | humanizePercentage }} of the resets of Relock ({{ $labels.job }})",
			Description: "Somebody else needs the quota of UserAccountRecovery, which is shared with the users' own ForgotPassword and ConfirmForgotPassword in the whole account and Region. Relock has slowed down; the users may be throttled as well.",
		},
		{
			Alert: "RelockFailureRatioHigh", Severity: "warning", For: "2m",
			Expr:        `job:relock_failures:ratio_rate10m > 0.1`,
			Summary:     "{{ $value | humanizePercentage }} of the targets of Relock ({{ $labels.job }}) end without a reset",
			Description: "Over the last ten minutes more than a tenth of the outcomes were failures, of 20 or more. `job failed JOB` names the users and the reasons.",
		},
		{
			Alert: "RelockDeadLetters", Severity: "warning", For: "1m",
			Expr:        `max by (SETUP) (relock_dead_letter_messages) > 0`,
			Summary:     "{{ $value | humanize }} messages of Relock ({{ $labels.job }}) are in the dead-letter queue",
			Description: "A message was received too often, or could not be read. Its target has no outcome, and becomes `missing` when the queue is empty.",
		},
		{
			Alert: "RelockWillMissRetention", Severity: "critical", For: "15m",
			Why: "The queue drops a message that is older than its retention, whatever Relock does. Messages\nare not older than their job.",
			Expr: `
time() + job:relock_eta:seconds
  > min by (SETUP) (
    (
      relock_job_created_timestamp_seconds
      and on (SETUP, instance, reset_job) relock_job_targets{state="pending"} > 0
    )
    + on (SETUP, instance) group_left () relock_queue_retention_seconds
  )`,
			Summary:     "Relock ({{ $labels.job }}) will not be done before the queue drops its messages",
			Description: "At the present rate the last target has its turn after the queue's retention. Raise the retention now: it counts for messages that are in the queue already.",
		},
		{
			Alert: "RelockCredentialsFailing", Severity: "critical", For: "2m",
			Expr: `
max by (SETUP) (relock_halted{reason="credentials"}) == 1
  or sum by (SETUP) (rate(relock_cognito_requests_total{code=~"CREDENTIALS"}[2m])) > 0
  or sum by (SETUP) (rate(relock_sqs_requests_total{result="refused"}[2m])) > 0`,
			Summary:     "AWS refuses the credentials of Relock ({{ $labels.job }})",
			Description: "They have expired, are missing or wrong, or lack a permission on the queue. No user is reset until that is fixed; nothing is lost.",
		},
		{
			Alert: "RelockMessagesRejected", Severity: "warning", For: "0m",
			Expr:        `sum by (SETUP, reason) (increase(relock_messages_rejected_total[15m])) > 0`,
			Summary:     "Relock ({{ $labels.job }}) rejected messages: {{ $labels.reason }}",
			Description: "Something is in the queue that no enqueue of this ledger wrote. Nobody was reset by it; it was moved to the dead-letter queue. Find out who may send to the queue.",
		},
		{
			Alert: "RelockNoActiveWorker", Severity: "critical", For: "2m",
			Why: "The last that any worker said of the work counts for 14 days, the longest that SQS keeps a\nmessage: a worker that was killed, service or drain, says nothing more.",
			Expr: `
last_over_time(job:relock_pending_work:sum[14d]) > 0
  unless sum by (SETUP) (relock_active) > 0`,
			Summary:     "No worker of Relock ({{ $labels.job }}) is active, and {{ $value | humanize }} resets or sign-outs are pending",
			Description: "No user is reset. Either no worker runs, or those that do cannot take the lease in the ledger. A standby takes over within 30 seconds of the active worker's end.",
		},
		{
			Alert: "RelockScheduledRunMissing", Severity: "warning", For: "1h",
			Why: "How long it may be, each run pushes itself (worker --push-every). Also a last run that\nfailed; a schedule that never succeeded, be it that its first run has gone on for a week;\nand a run without an end that has not said for 15 minutes that it is still going on, as it\ndoes every five: it was killed.",
			Expr: `
time() - max by (SETUP) (relock_run_last_success_timestamp_seconds)
    > max by (SETUP) (relock_run_every_seconds)
  or max by (SETUP) (relock_run_last_end_timestamp_seconds)
    > max by (SETUP) (relock_run_last_success_timestamp_seconds)
  or max by (SETUP) (relock_run_last_end_timestamp_seconds)
    unless max by (SETUP) (relock_run_last_success_timestamp_seconds)
  or time() - max by (SETUP) (relock_run_last_start_timestamp_seconds) > 7 * 86400
    unless max by (SETUP) (relock_run_last_success_timestamp_seconds)
  or time() - (
      max by (SETUP) (relock_run_last_seen_timestamp_seconds)
      or max by (SETUP) (relock_run_last_start_timestamp_seconds) and max by (SETUP) (relock_run_last_end_timestamp_seconds)
    ) > 900
    unless max by (SETUP) (relock_run_last_end_timestamp_seconds) >= max by (SETUP) (relock_run_last_start_timestamp_seconds)`,
			Summary:     "The scheduled run {{ $labels.schedule }} of Relock ({{ $labels.job }}) has not succeeded",
			Description: "The last run with an outcome for every target was too long ago, the last run ended in another way, or it was killed. The evidence of this period is missing.",
		},
	})
}

func filled(list []Rule) []Rule {
	for i := range list {
		list[i].Expr = fill(list[i].Expr)
	}
	return list
}
