package dashboard

import "strings"

// Series that several tests use.
const (
	active   = `relock_active{job="relock", instance="a"} 1x240`
	standby  = `relock_active{job="relock", instance="b"} 0x240`
	running  = `relock_halted{job="relock", instance="a", reason="access_denied"} 0x240`
	noOne    = `relock_users_total{job="relock", instance="a", outcome="reset"} 0x240`
	pending  = `relock_job_targets{job="relock", instance="a", reset_job="j", state="pending"} 100x240`
	visible  = `relock_queue_messages{job="relock", instance="a", state="visible"} 100x240`
	received = `relock_receive_last_success_timestamp_seconds{job="relock", instance="a"} 0+60x240`
	pace24   = `relock_pace{job="relock", instance="a", operation="AdminResetUserPassword"} 24x240`
	fourDays = `relock_queue_retention_seconds{job="relock", instance="a"} 345600x240`
	created  = `relock_job_created_timestamp_seconds{job="relock", instance="a", reset_job="j"} 0x240`
)

func requests(code, values string) string {
	return `relock_cognito_requests_total{job="relock", instance="a", operation="AdminResetUserPassword", code="` + code + `"} ` + values
}

func users(outcome, values string) string {
	return `relock_users_total{job="relock", instance="a", outcome="` + outcome + `"} ` + values
}

// relockJob is the label that all alerts of these tests have.
var relockJob = []string{"job=relock"}

func fires(summary string, labels ...string) []firing {
	return []firing{{labels: append(relockJob, labels...), summary: summary}}
}

// silent expects that alerts do not fire at a time.
func silent(at string, alerts ...string) []check {
	list := make([]check, len(alerts))
	for i, a := range alerts {
		list[i] = check{at: at, alert: a}
	}
	return list
}

func alertNames() []string {
	var names []string
	for _, a := range Alerts() {
		names = append(names, a.Alert)
	}
	return names
}

func unitTests() []unitTest {
	var list []unitTest
	for _, part := range [][]unitTest{healthy(), workTests(), failureTests(), queueTests(), callerTests(), workerTests(), runTests()} {
		list = append(list, part...)
	}
	return list
}

// healthy: a job of a million at 24 a second, with the failures and throttles that
// are to be expected, raises nothing.
func healthy() []unitTest {
	series := []string{
		active, standby, running, visible, received, pace24, fourDays, created,
		`relock_halted{job="relock", instance="a", reason="credentials"} 0x240`,
		`relock_drain{job="relock", instance="a"} 0x240`,
		`relock_drain{job="relock", instance="b"} 0x240`,
		`relock_job_paused{job="relock", instance="a", reset_job="j"} 0x240`,
		`relock_job_targets{job="relock", instance="a", reset_job="j", state="pending"} 1000000-1440x240`,
		`relock_job_targets{job="relock", instance="b", reset_job="j", state="pending"} 1000000-1440x240`,
		`relock_dead_letter_messages{job="relock", instance="a"} 0x240`,
		`relock_messages_rejected_total{job="relock", instance="a", reason="version"} 0x240`,
		`relock_sqs_requests_total{job="relock", instance="a", operation="ReceiveMessage", result="refused"} 0x240`,
		`relock_run_last_end_timestamp_seconds{job="relock", schedule="quarter"} 0x240`,
		`relock_run_last_success_timestamp_seconds{job="relock", schedule="quarter"} 0x240`,
		`relock_run_last_start_timestamp_seconds{job="relock", schedule="quarter"} 0x240`,
		`relock_run_every_seconds{job="relock", schedule="quarter"} 8035200x240`,
		users("reset", "0+1400x240"), users("user_not_found", "0+40x240"), users("excluded", "0+500x240"),
		requests("OK", "0+1440x240"), requests("TooManyRequestsException", "0+7x240"), requests("ExpiredTokenException", "0x240"),
	}
	return []unitTest{{"All is well.", series, silent("1h", alertNames()...)}}
}

func workTests() []unitTest {
	const noProgress = "Relock (relock) has had no outcome for 15 minutes, with work to do"
	stuck := []string{active, running, noOne, pending, visible, received}
	with := func(more ...string) []string { return append(append([]string{}, stuck...), more...) }
	return []unitTest{
		{
			"A halt.",
			[]string{`relock_halted{job="relock", instance="a", reason="pool_not_found"} 0x10 1x60`, active, noOne, pending, visible},
			[]check{
				{"11m", "RelockHalted", nil},
				{"12m", "RelockHalted", fires("Relock (relock) is halted: pool_not_found", "reason=pool_not_found")},
				{"60m", "RelockNoProgress", nil}, // one alarm is enough
			},
		},
		{
			"Messages wait, and nothing becomes of them.", stuck,
			[]check{{"15m", "RelockNoProgress", nil}, {"17m", "RelockNoProgress", fires(noProgress)}},
		},
		{
			"The queue cannot be counted, and does not answer.",
			[]string{active, running, noOne, pending, `relock_receive_last_success_timestamp_seconds{job="relock", instance="a"} 0x240`},
			[]check{{"30m", "RelockNoProgress", fires(noProgress)}},
		},
		{"An operator has put the job on hold.", with(`relock_job_paused{job="relock", instance="a", reset_job="j"} 1x240`), silent("60m", "RelockNoProgress")},
		{
			"What is left was put off for an hour.",
			[]string{active, running, noOne, pending, `relock_queue_messages{job="relock", instance="a", state="visible"} 0x240`, received},
			silent("60m", "RelockNoProgress"),
		},
		{
			"The worker only stands by.",
			[]string{`relock_active{job="relock", instance="a"} 0x240`, running, noOne, pending, visible, received},
			silent("60m", "RelockNoProgress"),
		},
	}
}

func failureTests() []unitTest {
	return []unitTest{
		{
			"Half of the calls are throttled.",
			[]string{requests("OK", "0+700x60"), requests("TooManyRequestsException", "0+700x60")},
			[]check{
				{"2m", "RelockThrottleRatioHigh", nil},
				{"10m", "RelockThrottleRatioHigh", fires("Cognito throttles 50% of the resets of Relock (relock)")},
			},
		},
		{
			"Two of four calls say nothing.",
			[]string{requests("OK", "0 0 2x60"), requests("TooManyRequestsException", "0 0 2x60")},
			silent("6m", "RelockThrottleRatioHigh"),
		},
		{
			"A fifth of the users cannot be reset.",
			[]string{users("reset", "0+800x60"), users("no_verified_contact", "0+150x60"), users("gave_up", "0+50x60")},
			[]check{
				{"2m", "RelockFailureRatioHigh", nil},
				{"15m", "RelockFailureRatioHigh", fires("20% of the targets of Relock (relock) end without a reset")},
			},
		},
		{"One in twenty cannot be reset.", []string{users("reset", "0+950x60"), users("user_disabled", "0+50x60")}, silent("15m", "RelockFailureRatioHigh")},
		{"A cancelled job is no failure.", []string{users("reset", "0+10x60"), users("cancelled", "0+900x60")}, silent("15m", "RelockFailureRatioHigh")},
		{"A few failures among few users.", []string{users("reset", "0 0 5x60"), users("user_not_found", "0 0 5x60")}, silent("6m", "RelockFailureRatioHigh")},
	}
}

func queueTests() []unitTest {
	const late = "Relock (relock) will not be done before the queue drops its messages"
	tenMillion := `relock_job_targets{job="relock", instance="a", reset_job="j", state="pending"} 10000000-1440x240`
	return []unitTest{
		{
			"Three dead letters, until somebody has sent them again.",
			[]string{`relock_dead_letter_messages{job="relock", instance="a"} 0x5 3x20 0x20`},
			[]check{
				{"6m", "RelockDeadLetters", nil},
				{"7m", "RelockDeadLetters", fires("3 messages of Relock (relock) are in the dead-letter queue")},
				{"27m", "RelockDeadLetters", nil},
			},
		},
		{
			"Ten million at 24 a second take longer than four days.",
			[]string{active, tenMillion, users("reset", "0+1440x240"), pace24, fourDays, created},
			[]check{{"10m", "RelockWillMissRetention", nil}, {"20m", "RelockWillMissRetention", fires(late)}},
		},
		{
			"Nothing moves: then the pace tells how long it would take.",
			[]string{active, tenMillion, noOne, pace24, fourDays, created},
			[]check{{"20m", "RelockWillMissRetention", fires(late)}},
		},
		{
			"Fourteen days are enough.",
			[]string{active, tenMillion, users("reset", "0+1440x240"), pace24, created, `relock_queue_retention_seconds{job="relock", instance="a"} 1209600x240`},
			silent("60m", "RelockWillMissRetention"),
		},
		{"A queue in a file drops nothing.", []string{active, tenMillion, users("reset", "0+1440x240"), pace24, created}, silent("60m", "RelockWillMissRetention")},
		{
			"A message of another ledger.",
			[]string{`relock_messages_rejected_total{job="relock", instance="a", reason="other_ledger"} 0x5 1x60`},
			[]check{
				{"5m", "RelockMessagesRejected", nil},
				{"7m", "RelockMessagesRejected", fires("Relock (relock) rejected messages: other_ledger", "reason=other_ledger")},
				{"30m", "RelockMessagesRejected", nil},
			},
		},
	}
}

func callerTests() []unitTest {
	const summary = "AWS refuses the credentials of Relock (relock)"
	refused := func(result string) string {
		return `relock_sqs_requests_total{job="relock", instance="a", operation="ReceiveMessage", result="` + result + `"} 0x5 1+5x60`
	}
	return []unitTest{
		{
			"The credentials halt the work.",
			[]string{`relock_halted{job="relock", instance="a", reason="credentials"} 0x5 1x60`},
			[]check{{"7m", "RelockCredentialsFailing", nil}, {"8m", "RelockCredentialsFailing", fires(summary)}},
		},
		{"Cognito refuses them.", []string{requests("ExpiredTokenException", "0x5 1+5x60")}, []check{{"12m", "RelockCredentialsFailing", fires(summary)}}},
		{"The queue refuses them.", []string{refused("refused")}, []check{{"12m", "RelockCredentialsFailing", fires(summary)}}},
		{"The queue fails in another way.", []string{refused("error")}, silent("12m", "RelockCredentialsFailing")},
		{"They were refused once, and renewed.", []string{requests("ExpiredTokenException", "0x5 1x60")}, silent("9m", "RelockCredentialsFailing")},
	}
}

func workerTests() []unitTest {
	const summary = "No worker of Relock (relock) is active"
	return []unitTest{
		{
			"Two stand by, and none takes the lease.",
			[]string{`relock_active{job="relock", instance="a"} 1x10 0x60`, standby},
			[]check{{"12m", "RelockNoActiveWorker", nil}, {"14m", "RelockNoActiveWorker", fires(summary)}},
		},
		{
			"A standby takes over at once.",
			[]string{`relock_active{job="relock", instance="a"} 1x10 0x60`, `relock_active{job="relock", instance="b"} 0x11 1x60`},
			silent("14m", "RelockNoActiveWorker"),
		},
		{
			"A service is gone.",
			[]string{`relock_active{job="relock", instance="a"} 1x10 stale`, `relock_drain{job="relock", instance="a"} 0x10 stale`},
			[]check{{"10m", "RelockNoActiveWorker", nil}, {"20m", "RelockNoActiveWorker", fires(summary)}},
		},
		{
			"A drain has ended, and may.",
			[]string{`relock_active{job="relock", instance="a"} 1x10 stale`, `relock_drain{job="relock", instance="a"} 1x10 stale`},
			silent("20m", "RelockNoActiveWorker"),
		},
	}
}

func runTests() []unitTest {
	const summary = "The scheduled run quarter of Relock (relock) has not succeeded"
	run := func(name, values string) string {
		return `relock_run_last_` + name + `_timestamp_seconds{job="relock", schedule="quarter"} ` + values
	}
	every := func(seconds string) string {
		return `relock_run_every_seconds{job="relock", schedule="quarter"} ` + seconds + `x240`
	}
	expected := fires(summary, "schedule=quarter")
	return []unitTest{
		{
			"The last success is a quarter and two days ago.", // time begins at zero
			[]string{run("start", "-8208000x240"), run("end", "-8208000x240"), run("success", "-8208000x240"), every("8035200")},
			[]check{{"30m", "RelockScheduledRunMissing", nil}, {"2h", "RelockScheduledRunMissing", expected}},
		},
		{
			"Of a schedule of a year, that is not long.",
			[]string{run("start", "-8208000x240"), run("end", "-8208000x240"), run("success", "-8208000x240"), every("31622400")},
			silent("2h", "RelockScheduledRunMissing"),
		},
		{
			"Of a schedule of a week, nine days are.",
			[]string{run("start", "-777600x240"), run("end", "-777600x240"), run("success", "-777600x240"), every("604800")},
			[]check{{"2h", "RelockScheduledRunMissing", expected}},
		},
		{"The first run has begun.", []string{run("start", "0x240"), every("8035200")}, silent("2h", "RelockScheduledRunMissing")},
		{"The first run never ended.", []string{run("start", "-691200x240"), every("8035200")}, []check{{"2h", "RelockScheduledRunMissing", expected}}},
		{"The last run failed.", []string{run("end", "600x240"), run("success", "0x240"), every("8035200")}, []check{{"2h", "RelockScheduledRunMissing", expected}}},
		{"No run ever succeeded.", []string{run("end", "600x240")}, []check{{"2h", "RelockScheduledRunMissing", expected}}},
		{"The last run succeeded.", []string{run("end", "600x240"), run("success", "600x240"), every("8035200")}, silent("2h", "RelockScheduledRunMissing")},
		{"Nothing is scheduled.", []string{strings.Replace(active, "240", "200", 1)}, silent("2h", "RelockScheduledRunMissing")},
	}
}
