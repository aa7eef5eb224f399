package dashboard

import "strings"

// DefaultRunbook is where alerts say that the runbook is, unless `make dashboards
// RUNBOOK=URL` says otherwise: at the very Prometheus that fires them, which serves
// it when it is started with --web.user-assets=docs. It is a template of Prometheus.
const DefaultRunbook = "{{ $externalURL }}/user/runbook.md"

// localRunbook is that address for a Prometheus beside Grafana, which cannot read the
// template. It can be changed at the top of the dashboard.
const localRunbook = "http://localhost:9090/user/runbook.md"

// Relock is the dashboard. runbook is the address of docs/runbook.md.
func Relock(runbook string) Dashboard {
	if runbook == DefaultRunbook {
		runbook = localRunbook
	}
	b := &board{}
	b.glance()
	b.progress()
	b.pace()
	b.cognito()
	b.queue()
	b.workers()
	b.process()
	b.runs()
	return Dashboard{
		UID: "relock", Title: "Relock",
		Description: "Mass password resets of Amazon Cognito users: progress, pace, failures, queue, workers. A set-up is what has the same labels job, cluster, namespace, account, region and schedule. What each alert and each halt means, and what to do: docs/runbook.md.",
		Tags:        []string{"relock"}, Editable: true, GraphTooltip: 1, Refresh: "30s",
		SchemaVersion: schemaVersion, Time: TimeRange{From: "now-3h", To: "now"}, Timezone: "utc", Version: 1,
		Links: []Link{{
			Title: "Runbook", URL: runbookURL, TargetBlank: true, Type: "link", Icon: "doc",
			Tooltip: "What each alert and each halt means, and what to do", Tags: []string{},
		}},
		Annotations: Annotations{List: []Annotation{{
			Name: "Alerts", Datasource: source, Enable: true, IconColor: red, Step: "60s",
			Expr:     fill(`max by (SETUP, alertname) (ALERTS{alertname=~"Relock.*", alertstate="firing", job=~"$job"})`),
			TitleFmt: "{{alertname}}", TextFmt: whose, TagKeys: "job",
		}}},
		Templating: Templating{List: variables(runbook)},
		Panels:     b.panels,
	}
}

func variables(runbook string) []Variable {
	all := &Current{Text: []string{"All"}, Value: []string{"$__all"}}
	query := func(name, label, labels, anything string) Variable {
		return Variable{
			Name: name, Label: label, Type: "query", Datasource: &source, Definition: labels,
			Query: map[string]any{"query": labels, "refId": "Variable-" + name}, Refresh: 2, Sort: 1,
			Multi: true, IncludeAll: true, AllValue: anything, Current: all,
		}
	}
	return []Variable{
		{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1},
		query("job", "Job", "label_values(relock_build_info, job)", ".+"),
		// What a scheduled run pushed has no instance, and .* matches that.
		query("instance", "Instance", `label_values(relock_build_info{job=~"$job"}, instance)`, ".*"),
		{Name: "runbook", Label: "Runbook", Type: "textbox", Query: runbook, Current: &Current{Text: runbook, Value: runbook}},
	}
}

// Selectors: of is every series of a metric that is shown, with more conditions.
func of(metric string, conditions ...string) string {
	var s strings.Builder
	s.WriteString(metric + `{job=~"$job", instance=~"$instance"`)
	for _, c := range conditions {
		s.WriteString(", " + c)
	}
	return s.String() + "}"
}

// perSecond is a counter's rate.
func perSecond(metric string, conditions ...string) string {
	return "rate(" + of(metric, conditions...) + "[$__rate_interval])"
}

// ofActive keeps the series of the worker that calls Cognito: a standby shows a
// pace as well.
func ofActive(series string) string {
	return series + " and on (SETUP, instance) " + of("relock_active") + " == 1"
}

const (
	isReset   = `operation="AdminResetUserPassword"`
	isSignOut = `operation="AdminUserGlobalSignOut"`
	isPending = `state="pending"`
)

// targets counts a job's targets once, for a standby shows them too.
func targets(conditions ...string) string {
	return "max by (SETUP, reset_job, state) (" + of("relock_job_targets", conditions...) + ")"
}

func (b *board) glance() {
	b.row("At a glance")
	b.stat("State", "Whether all work is stopped for a cause that is not the fault of one user. The row Workers has the reason.",
		instant(whose, "max by (SETUP) ("+of("relock_halted")+")"),
		mapped(words{"0", "not halted", green}, words{"1", "HALTED", red}), limits(green, limit{1, red}), none("no worker"), b.helped("RelockHalted"))
	b.stat("Active workers", "Workers that call Cognito: one per account and Region. None while work is pending is an alert.",
		instant(whose, "sum by (SETUP) ("+of("relock_active")+")"),
		limits(red, limit{1, green}, limit{2, red}), none("no worker"), b.helped("RelockNoActiveWorker"))
	b.stat("Standby workers", "Workers that wait to take over within 30 s. With none, a crash lasts until a restart.",
		instant(whose, "count by (SETUP) ("+of("relock_active")+") - sum by (SETUP) ("+of("relock_active")+")"),
		limits(yellow, limit{1, green}), none("no worker"), b.helped("RelockNoActiveWorker"))
	b.stat("Pending", "Targets of open jobs without an outcome, as a worker counts them. Without one, nothing is known.",
		instant(whose, "sum by (SETUP) ("+targets(isPending)+")"), none("no open job seen"), limits(blue), b.helped("RelockNoActiveWorker"))
	b.stat("Estimated time left", "Pending targets that are not on hold, by the mean rate of the last five minutes; without one, by the pace. From the recording rules.",
		instant(whose, `max by (SETUP) (job:relock_eta:seconds{job=~"$job"})`), unit("s"), decimals(1), none("not known"), limits(blue), b.helped("RelockWillMissRetention"))
	b.stat("Dead letters", "Messages in the dead-letter queue. Each is a target that nobody will reset unless somebody looks.",
		instant(whose, "max by (SETUP) ("+of("relock_dead_letter_messages")+")"),
		none("not counted"), limits(green, limit{1, red}), b.helped("RelockDeadLetters"))
}

func (b *board) progress() {
	b.row("Progress")
	b.bars("Done, by job", "Share of an open job's targets that have an outcome, whatever it is.",
		instant("{{reset_job}} "+whose, "sum by (SETUP, reset_job) ("+targets(`state!="pending"`)+") / sum by (SETUP, reset_job) ("+targets()+")"),
		8, share, decimals(1), none("no open job seen"), limits(blue, limit{1, green}), b.helped("RelockNoProgress"))
	b.series("Targets of open jobs", "Every target is pending, succeeded, failed, or other (excluded, cancelled). Their sum is the length of the lists.",
		[]Target{ranged("{{state}} "+whose, "sum by (SETUP, state) ("+targets()+")")}, 8, stacked, from0, b.helped("RelockNoProgress"))
	b.series("Time left", "The estimate over time. It should fall by an hour an hour; a rise means fewer outcomes a second.",
		[]Target{ranged(whose, `max by (SETUP) (job:relock_eta:seconds{job=~"$job"})`)}, 8, unit("s"), from0, b.helped("RelockWillMissRetention"))
	b.series("Outcomes a second", "What becomes of targets, by outcome.",
		[]Target{ranged("{{outcome}} "+whose, "sum by (SETUP, outcome) ("+perSecond("relock_users_total")+")")}, 8, unit("cps"), stacked, from0, b.helped("RelockNoProgress"))
	b.bars("Failures by reason", "Targets that ended without a reset in the time that is shown, by outcome. `job failed` names them.",
		instant("{{outcome}} "+whose, `sort_desc(sum by (SETUP, outcome) (increase(`+of("relock_users_total", `outcome=~"`+failures+`"`)+"[$__range])))"),
		8, decimals(0), from0, none("no worker"), limits(green, limit{1, yellow}), b.helped("RelockFailureRatioHigh"))
	b.series("Failed share", "Share of the users whose reset failed, over ten minutes in which 20 or more had an outcome; excluded and cancelled ones aside. The alert is at 10 %. From the recording rules.",
		[]Target{
			ranged(whose, `job:relock_failures:ratio_rate10m{job=~"$job"}`),
		}, 8, share, none("fewer than 20 outcomes"), limits(green, limit{failureShare, red}), b.helped("RelockFailureRatioHigh"))
	b.series("Reset again in doubt", "Targets that were reset again because nobody could tell whether an earlier reset had taken effect. The report flags them as repeated.",
		[]Target{ranged(whose, "sum by (SETUP) (increase("+of("relock_repeated_total")+"[$__rate_interval]))")}, 8, from0)
	b.series("Sign-outs", "Targets whose sessions were ended after the reset, or could not be. Only jobs that ask for it have this second step.",
		[]Target{ranged("{{state}} "+whose, "sum by (SETUP, state) ("+perSecond("relock_sign_outs_total")+")")}, 8, unit("cps"), from0)
}

func (b *board) pace() {
	b.row("Pace, budget and quota")
	calls := func(operation string) []Target {
		gauge := func(metric string) string {
			return "max by (SETUP) (" + ofActive(of(metric, operation)) + ")"
		}
		return []Target{
			ranged("called "+whose, "sum by (SETUP) ("+perSecond("relock_cognito_requests_total", operation)+")"),
			ranged("pace "+whose, gauge("relock_pace")),
			ranged("budget "+whose, gauge("relock_budget")),
			ranged("quota "+whose, gauge("relock_quota")),
		}
	}
	b.series("Resets a second", "What is called, what the pace allows at this moment, what the budget allows, and what Cognito grants to everybody in the account and Region: the users' own recovery needs the difference.",
		calls(isReset), 16, unit("reqps"), from0, dashed("budget", yellow), dashed("quota", red), b.helped("RelockThrottleRatioHigh"))
	b.series("Throttled share of resets", "Share of our calls that Cognito asked to slow down. The alert is at 5 %, over five minutes with 20 calls or more; Relock alone stays under 0.5 %. From the recording rules.",
		[]Target{
			ranged(whose, `job:relock_throttles:ratio_rate5m{job=~"$job"}`),
		}, 8, share, none("fewer than 20 calls"), limits(green, limit{throttleShare, red}), b.helped("RelockThrottleRatioHigh"))
	b.series("Throttles", "Calls that Cognito asked to slow down, by operation. Each one means that a user's own recovery may have been refused as well.",
		[]Target{ranged("{{operation}} "+whose, `sum by (SETUP, operation) (`+perSecond("relock_cognito_requests_total", `code=~"`+throttles+`"`)+")")},
		8, unit("reqps"), from0, b.helped("RelockThrottleRatioHigh"))
	b.series("Sign-outs a second", "The same of sign-outs, which have a quota of their own.",
		calls(isSignOut), 8, unit("reqps"), from0, dashed("budget", yellow), dashed("quota", red))
	b.states("What bounds the budget", "The narrowest of quota, --rate, mail and SES.",
		ranged("{{bound}} "+whose, "max by (SETUP, bound) ("+ofActive(of("relock_budget_bound"))+")"), 8,
		mapped(words{"0", "no", clear}, words{"1", "bounds", blue}), limits(clear, limit{1, blue}), none("no active worker"))
	b.series("Calls under way", "Calls to Cognito in flight: about pace times latency. A rise at the same pace means slower answers.",
		[]Target{ranged("{{operation}} "+whose, "sum by (SETUP, operation) ("+of("relock_in_flight")+")")}, 8, from0, b.helped("RelockNoProgress"))
}

func (b *board) cognito() {
	b.row("Cognito")
	bucket := "relock_cognito_request_duration_seconds_bucket"
	quantile := func(q, by string, conditions ...string) string {
		return "histogram_quantile(" + q + ", sum by (" + by + ") (" + perSecond(bucket, conditions...) + "))"
	}
	b.series("Latency of resets", "How long AdminResetUserPassword takes, from the classic buckets; the native histogram of the same name is finer where Prometheus keeps it.",
		[]Target{
			ranged("median "+whose, quantile("0.5", "SETUP, le", isReset)), ranged("95 % "+whose, quantile("0.95", "SETUP, le", isReset)), ranged("99 % "+whose, quantile("0.99", "SETUP, le", isReset)),
		}, 8, unit("s"), from0)
	b.heatmap("Resets by latency", "How many resets took how long.",
		ranged("{{le}}", "sum by (le) (increase("+of(bucket, isReset)+"[$__rate_interval]))"), 8, unit("short"))
	b.series("95th percentile by operation", "Resets, look-ups of users whose reply was lost, and sign-outs.",
		[]Target{ranged("{{operation}} "+whose, quantile("0.95", "SETUP, le, operation"))}, 8, unit("s"), from0)
	b.series("Answers by code", "Calls to Cognito by AWS's error code, every attempt counted; OK is a success, no_answer had none.",
		[]Target{ranged("{{code}} "+whose, "sum by (SETUP, code) ("+perSecond("relock_cognito_requests_total")+") > 0")}, 16, unit("reqps"), stacked, from0, b.helped("cognito_unavailable"))
	b.series("Refused credentials", "Answers that refuse the credentials or the permission, from Cognito and from the queue.",
		[]Target{
			ranged("Cognito "+whose, `sum by (SETUP) (`+perSecond("relock_cognito_requests_total", `code=~"`+credentials+`"`)+")"),
			ranged("queue "+whose, `sum by (SETUP) (`+perSecond("relock_sqs_requests_total", `result="refused"`)+")"),
		}, 8, unit("reqps"), from0, b.helped("RelockCredentialsFailing"))
}

func (b *board) queue() {
	b.row("Queue and dead letters")
	b.series("Messages", "As the queue counts them; SQS's figures are approximate. Messages in flight are held by a worker, or put off for an hour.",
		[]Target{ranged("{{state}} "+whose, "sum by (SETUP, state) (max by (SETUP, state) ("+of("relock_queue_messages")+"))")}, 8, stacked, from0, b.helped("RelockNoProgress"))
	b.series("Dead letters over time", "Messages received too often, or moved away on purpose because they could not be read.",
		[]Target{ranged(whose, "max by (SETUP) ("+of("relock_dead_letter_messages")+")")}, 8, from0, limits(green, limit{1, red}), none("not counted"), b.helped("RelockDeadLetters"))
	b.series("Time until messages are dropped", "What is left of the queue's retention for the oldest open job. The estimated time left has to be below it.",
		[]Target{
			ranged("retention left "+whose, "min by (SETUP) ("+of("relock_job_created_timestamp_seconds")+" + on (SETUP, instance) group_left () "+of("relock_queue_retention_seconds")+") - time()"),
			ranged("time left "+whose, `max by (SETUP) (job:relock_eta:seconds{job=~"$job"})`),
		}, 8, unit("s"), from0, b.helped("RelockWillMissRetention"))
	b.series("Requests to the queue", "Every attempt, by operation and result: ok, error, or refused.",
		[]Target{ranged("{{operation}} {{result}} "+whose, "sum by (SETUP, operation, result) ("+perSecond("relock_sqs_requests_total")+") > 0")}, 8, unit("reqps"), from0, b.helped("RelockNoProgress"))
	b.series("Failed entries of batches", "Entries of batch requests that the queue did not do. They are tried again.",
		[]Target{ranged("{{operation}} "+whose, "sum by (SETUP, operation) ("+perSecond("relock_sqs_batch_entry_failures_total")+")")}, 8, unit("cps"), from0)
	b.series("Rejected messages", "Messages that are not worked on, by reason: malformed, of another ledger, of a pool that is not allowed, of no job.",
		[]Target{ranged("{{reason}} "+whose, "sum by (SETUP, reason) (increase("+of("relock_messages_rejected_total")+"[$__rate_interval]))")}, 8, from0, b.helped("RelockMessagesRejected"))
	since := func(metric string) string {
		return "time() - (max by (SETUP) (" + of(metric) + ") > 0)"
	}
	b.series("Silence", "Seconds since the queue last answered a receive, and since an outcome was last recorded. A worker that is halted, on hold or standing by receives nothing.",
		[]Target{
			ranged("queue "+whose, since("relock_receive_last_success_timestamp_seconds")), ranged("outcome "+whose, since("relock_outcome_last_timestamp_seconds")),
		}, 8, unit("s"), from0, b.helped("RelockNoProgress"))
}

func (b *board) workers() {
	b.row("Workers")
	b.states("Active and standby", "Which worker calls Cognito. Two at once for one account and Region must never be.",
		ranged("{{instance}} "+whose, "max by (SETUP, instance) ("+of("relock_active")+" + 2 * "+of("relock_drain")+")"), 8,
		mapped(words{"0", "standby", yellow}, words{"1", "active", green}, words{"2", "drain, standby", yellow}, words{"3", "drain, active", green}),
		limits(yellow, limit{1, green}, limit{2, yellow}, limit{3, green}), none("no worker"), b.helped("RelockNoActiveWorker"))
	b.states("Halts by reason", "What has stopped all work. The runbook has a section for each reason.",
		ranged("{{reason}} "+whose, "max by (SETUP, reason) ("+of("relock_halted")+")"), 8,
		mapped(words{"0", "no", clear}, words{"1", "halted", red}), limits(clear, limit{1, red}), none("no worker"), b.helped("RelockHalted", "Halts"))
	b.table("Versions", "What each worker was built from.",
		instant("", "max by (SETUP, instance, version, revision, date, goversion) ("+of("relock_build_info")+")"), 8, nil, none("no worker"))
}

func (b *board) process() {
	b.row("Process")
	b.series("Processor time", "Cores that each worker uses. Thirty resets a second need a few hundredths of one.",
		[]Target{ranged("{{instance}} "+whose, perSecond("process_cpu_seconds_total"))}, 8, unit("short"), from0, decimals(3))
	b.series("Memory", "Resident memory. It does not grow with the backlog; 64 MiB is the bar.",
		[]Target{ranged("{{instance}} "+whose, of("process_resident_memory_bytes"))}, 8, unit("bytes"), from0)
	b.series("Goroutines", "Steady at a steady pace.",
		[]Target{ranged("{{instance}} "+whose, of("go_goroutines"))}, 8, from0)
	b.series("Open files", "Share of the process's limit of file descriptors.",
		[]Target{ranged("{{instance}} "+whose, of("process_open_fds")+" / "+of("process_max_fds"))}, 8, share, limits(green, limit{0.8, red}))
	b.series("Uptime", "How long each worker has been running; a saw shows restarts.",
		[]Target{ranged("{{instance}} "+whose, "time() - "+of("process_start_time_seconds"))}, 8, unit("s"), from0)
	b.series("Longest pause of the garbage collector", "Of the last collections.",
		[]Target{ranged("{{instance}} "+whose, of("go_gc_duration_seconds", `quantile="1"`))}, 8, unit("s"), from0)
}

func (b *board) runs() {
	b.row("Scheduled runs (Pushgateway)")
	const by = "max by (SETUP) "
	end := by + "(" + of("relock_run_last_end_timestamp_seconds") + ")"
	b.stat("Next success due in", "How long until a scheduled run has to have ended with an outcome for every target once more (worker --push-every); below zero it is overdue.",
		instant(whose, by+"("+of("relock_run_last_success_timestamp_seconds")+") + "+by+"("+of("relock_run_every_seconds")+") - time()"),
		unit("s"), decimals(1), none("none"), limits(red, limit{0, green}), b.helped("RelockScheduledRunMissing"))
	b.stat("Last run", "Whether the last scheduled run has ended. One that is still going on says so every five minutes; one that has not for 15 was killed.",
		instant(whose, "(time() - "+by+"("+of("relock_run_last_seen_timestamp_seconds")+") > bool 900) unless "+end+" >= "+by+"("+of("relock_run_last_start_timestamp_seconds")+") or 0 * "+end+" + 2"),
		unit("none"), none("none"), mapped(words{"0", "going on", blue}, words{"1", "KILLED", red}, words{"2", "ended", green}), limits(green, limit{1, red}, limit{2, green}), b.helped("RelockScheduledRunMissing"))
	b.stat("Last exit code", "0 all done; 3 done, and some users failed; 4 halted; 1 an error; 130 and 143 interrupted.",
		instant(whose, by+"("+of("relock_run_last_exit_code")+")"),
		unit("none"), none("none"), mapped(words{"0", "0", green}, words{"3", "3: some failed", yellow}, words{"4", "4: halted", red}), limits(green, limit{1, red}), b.helped("RelockScheduledRunMissing"))
	b.stat("Last duration", "How long the last scheduled run took.",
		instant(whose, by+"("+of("relock_run_last_duration_seconds")+")"), unit("s"), decimals(1), none("none"), limits(blue), b.helped("RelockScheduledRunMissing"))
	b.bars("Targets of the last run", "Of the jobs of the last scheduled run that ended, by state.",
		instant("{{state}} "+whose, "max by (SETUP, state) ("+of("relock_run_last_targets")+")"), 12, decimals(0), from0, none("none"), limits(blue), b.helped("RelockScheduledRunMissing"))
}
