package dashboard

import "strings"

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

// fill puts the closed sets into a query.
func fill(query string) string {
	return strings.NewReplacer("THROTTLES", throttles, "CREDENTIALS", credentials, "FAILURES", failures).Replace(query)
}

func records() []Rule {
	list := []Rule{
		{
			Record: "job:relock_users:rate5m",
			Why:    "Outcomes a second.",
			Expr:   `sum by (job) (rate(relock_users_total[5m]))`,
		},
		{
			Record: "job:relock_failures:ratio_rate10m",
			Why:    "Share of outcomes that somebody has to look at.",
			Expr: `
sum by (job) (rate(relock_users_total{outcome=~"FAILURES"}[10m]))
  / sum by (job) (rate(relock_users_total[10m]))`,
		},
		{
			Record: "job:relock_throttles:ratio_rate5m",
			Why:    "Share of our resets that Cognito asked to slow down.",
			Expr: `
sum by (job) (rate(relock_cognito_requests_total{operation="AdminResetUserPassword", code=~"THROTTLES"}[5m]))
  / sum by (job) (rate(relock_cognito_requests_total{operation="AdminResetUserPassword"}[5m]))`,
		},
		{
			Record: "job:relock_workable_targets:sum",
			Why:    "Targets without an outcome that are not on hold. A standby shows them too.",
			Expr: `
sum by (job) (
  max by (job, reset_job) (
    relock_job_targets{state="pending"} unless on (job, instance, reset_job) relock_job_paused == 1
  )
)`,
		},
		{
			Record: "job:relock_eta:seconds",
			Why:    "How long they take: by the mean rate, or where there is none, by the pace.",
			Expr: `
job:relock_workable_targets:sum
  / on (job) (
    (job:relock_users:rate5m > 0)
    or max by (job) (relock_pace{operation="AdminResetUserPassword"} and on (job, instance) relock_active == 1)
  )`,
		},
	}
	for i := range list {
		list[i].Expr = fill(list[i].Expr)
	}
	return list
}

// Alerts are the alert rules, without the addresses of their sections.
func Alerts() []Rule {
	list := []Rule{
		{
			Alert: "RelockHalted", Severity: "critical", For: "1m",
			Expr:        `max by (job, reason) (relock_halted) == 1`,
			Summary:     "Relock ({{ $labels.job }}) is halted: {{ $labels.reason }}",
			Description: "No user is reset until the cause is mended; nothing is lost. The runbook has a section for {{ $labels.reason }}. Some halts end by themselves, the others with `job resume --user-pool-id POOL`.",
		},
		{
			Alert: "RelockNoProgress", Severity: "critical", For: "15m",
			Why: "Work that may be done, a worker that may do it, and no outcome. Messages that are put\noff for an hour are not visible, so that a long tail is no alarm.",
			Expr: `
sum by (job) (increase(relock_users_total[5m])) == 0
  and on (job) job:relock_workable_targets:sum > 0
  and on (job) sum by (job) (relock_active) > 0
  unless on (job) max by (job) (relock_halted) == 1
  and on (job) (
    max by (job) (relock_queue_messages{state="visible"}) > 0
    or time() - max by (job) (relock_receive_last_success_timestamp_seconds) > 300
  )`,
			Summary:     "Relock ({{ $labels.job }}) has had no outcome for 15 minutes, with work to do",
			Description: "Targets are pending, a worker is active and not halted, and yet nobody was reset. The queue, the ledger or the network between is in the way.",
		},
		{
			Alert: "RelockThrottleRatioHigh", Severity: "warning", For: "2m",
			Expr: `
job:relock_throttles:ratio_rate5m > 0.05
  and on (job) sum by (job) (increase(relock_cognito_requests_total{operation="AdminResetUserPassword"}[5m])) > 20`,
			Summary:     "Cognito throttles {{ $value | humanizePercentage }} of the resets of Relock ({{ $labels.job }})",
			Description: "Somebody else needs the quota of UserAccountRecovery, which is shared with the users' own ForgotPassword and ConfirmForgotPassword in the whole account and Region. Relock has slowed down; the users may be throttled as well.",
		},
		{
			Alert: "RelockFailureRatioHigh", Severity: "warning", For: "2m",
			Expr: `
job:relock_failures:ratio_rate10m > 0.1
  and on (job) sum by (job) (increase(relock_users_total[10m])) > 20`,
			Summary:     "{{ $value | humanizePercentage }} of the targets of Relock ({{ $labels.job }}) end without a reset",
			Description: "Over the last ten minutes more than a tenth of the outcomes were failures. `job failed JOB` names the users and the reasons.",
		},
		{
			Alert: "RelockDeadLetters", Severity: "warning", For: "1m",
			Expr:        `max by (job) (relock_dead_letter_messages) > 0`,
			Summary:     "{{ $value }} messages of Relock ({{ $labels.job }}) are in the dead-letter queue",
			Description: "A message was received too often, or could not be read. Its target has no outcome, and becomes `missing` when the queue is empty.",
		},
		{
			Alert: "RelockWillMissRetention", Severity: "critical", For: "15m",
			Why: "The queue drops a message that is older than its retention, whatever Relock does. Messages\nare not older than their job.",
			Expr: `
time() + job:relock_eta:seconds
  > on (job) min by (job) (
    (
      relock_job_created_timestamp_seconds
      and on (job, instance, reset_job) relock_job_targets{state="pending"} > 0
    )
    + on (job, instance) group_left () relock_queue_retention_seconds
  )`,
			Summary:     "Relock ({{ $labels.job }}) will not be done before the queue drops its messages",
			Description: "At the present rate the last target has its turn after the queue's retention. Raise the retention now: it counts for messages that are in the queue already.",
		},
		{
			Alert: "RelockCredentialsFailing", Severity: "critical", For: "2m",
			Expr: `
max by (job) (relock_halted{reason="credentials"}) == 1
  or sum by (job) (rate(relock_cognito_requests_total{code=~"CREDENTIALS"}[2m])) > 0
  or sum by (job) (rate(relock_sqs_requests_total{result="refused"}[2m])) > 0`,
			Summary:     "AWS refuses the credentials of Relock ({{ $labels.job }})",
			Description: "They have expired, are missing or wrong, or lack a permission on the queue. Nobody is reset until that is mended; nothing is lost.",
		},
		{
			Alert: "RelockMessagesRejected", Severity: "warning", For: "0m",
			Expr:        `sum by (job, reason) (increase(relock_messages_rejected_total[15m])) > 0`,
			Summary:     "Relock ({{ $labels.job }}) rejected messages: {{ $labels.reason }}",
			Description: "Something is in the queue that no enqueue of this ledger wrote. Nobody was reset by it; it was moved to the dead-letter queue. Find out who may send to the queue.",
		},
		{
			Alert: "RelockNoActiveWorker", Severity: "critical", For: "2m",
			Why: "Workers stand by and none holds the lease; or a service that was there within six hours\nis gone. A worker with --drain ends by itself, and may.",
			Expr: `
sum by (job) (relock_active) == 0
  or min by (job) (last_over_time(relock_drain[6h])) == 0 unless on (job) relock_active`,
			Summary:     "No worker of Relock ({{ $labels.job }}) is active",
			Description: "Nobody is reset. Either no worker runs, or those that do cannot take the lease in the ledger. A standby takes over within 30 seconds of the active worker's end.",
		},
		{
			Alert: "RelockScheduledRunMissing", Severity: "warning", For: "1h",
			Why: "How long it may be, each run pushes itself (worker --push-every). Also a last run that\nfailed, and a schedule that never succeeded, be it that its first run has gone on for a week.",
			Expr: `
time() - max by (job, schedule) (relock_run_last_success_timestamp_seconds)
    > on (job, schedule) max by (job, schedule) (relock_run_every_seconds)
  or max by (job, schedule) (relock_run_last_end_timestamp_seconds)
    > on (job, schedule) max by (job, schedule) (relock_run_last_success_timestamp_seconds)
  or max by (job, schedule) (relock_run_last_end_timestamp_seconds)
    unless on (job, schedule) relock_run_last_success_timestamp_seconds
  or time() - max by (job, schedule) (relock_run_last_start_timestamp_seconds) > 7 * 86400
    unless on (job, schedule) relock_run_last_success_timestamp_seconds`,
			Summary:     "The scheduled run {{ $labels.schedule }} of Relock ({{ $labels.job }}) has not succeeded",
			Description: "The last run with an outcome for every target was too long ago, or the last run ended in another way. The evidence of this period is missing.",
		},
	}
	for i := range list {
		list[i].Expr = fill(list[i].Expr)
	}
	return list
}
