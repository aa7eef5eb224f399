package dashboard

import (
	"slices"
	"strings"
)

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
	return []firing{{labels: slices.Concat(relockJob, labels), summary: summary}}
}

// silent expects that alerts do not fire at a time.
func silent(at string, alerts ...string) []check {
	list := make([]check, len(alerts))
	for i, a := range alerts {
		list[i] = check{at: at, alert: a}
	}
	return list
}

// alertNames are the alerts; one with two severities is there once.
func alertNames() []string {
	var names []string
	for _, a := range Alerts() {
		if !slices.Contains(names, a.Alert) {
			names = append(names, a.Alert)
		}
	}
	return names
}

func unitTests() []unitTest {
	var list []unitTest
	for _, part := range [][]unitTest{healthy(), haltTests(), workTests(), failureTests(), queueTests(), callerTests(), workerTests(), runTests(), setUpTests()} {
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
		`relock_run_last_seen_timestamp_seconds{job="relock", schedule="quarter"} 0x240`,
		`relock_run_every_seconds{job="relock", schedule="quarter"} 8035200x240`,
		users("reset", "0+1400x240"), users("user_not_found", "0+40x240"), users("excluded", "0+500x240"),
		requests("OK", "0+1440x240"), requests("TooManyRequestsException", "0+7x240"), requests("ExpiredTokenException", "0x240"),
	}
	return []unitTest{{"All is healthy.", series, silent("1h", alertNames()...)}}
}

// haltTests: a halt that needs an operator gets somebody up, one that ends by itself
// does not. A reason that no rule knows counts as the first.
func haltTests() []unitTest {
	halt := func(reason string) []string {
		return []string{`relock_halted{job="relock", instance="a", reason="` + reason + `"} 0x10 1x60`}
	}
	halted := func(severity, reason, until string) []firing {
		return []firing{{severity, slices.Concat(relockJob, []string{"reason=" + reason}), "Relock (relock) is halted until " + until + ": " + reason}}
	}
	var list []unitTest
	for _, reason := range []string{"pool_not_found", "canary", "a_reason_of_next_year"} {
		list = append(list, unitTest{
			"A halt that needs an operator: " + reason + ".", halt(reason),
			[]check{{"11m", "RelockHalted", nil}, {"12m", "RelockHalted", halted("critical", reason, "an operator resumes it")}},
		})
	}
	for reason := range strings.SplitSeq(selfClearing, "|") {
		list = append(list, unitTest{
			"A halt that ends by itself: " + reason + ".", halt(reason),
			[]check{{"11m", "RelockHalted", nil}, {"12m", "RelockHalted", halted("warning", reason, "the cause passes")}},
		})
	}
	return append(list, unitTest{
		"A scheduled run halted, and a service of the same name has no progress.",
		[]string{active, noOne, pending, visible, received, `relock_halted{job="relock", schedule="quarter", reason="canary"} 1x240`},
		[]check{
			{"30m", "RelockHalted", []firing{{"critical", slices.Concat(relockJob, []string{"reason=canary", "schedule=quarter"}), "Relock (relock) is halted until an operator resumes it: canary"}}},
			{"30m", "RelockNoProgress", fires(noProgress)},
		},
	})
}

const noProgress = "Relock (relock) has had no outcome for 15 minutes, with work to do"

func workTests() []unitTest {
	stuck := []string{active, running, noOne, pending, visible, received}
	with := func(more ...string) []string { return append(append([]string{}, stuck...), more...) }
	return []unitTest{
		{
			"A halt: one alarm is enough.",
			[]string{`relock_halted{job="relock", instance="a", reason="pool_not_found"} 0x10 1x60`, active, noOne, pending, visible, received},
			silent("60m", "RelockNoProgress"),
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
		{"One of two users fails.", []string{users("reset", "0 0 1x60"), users("user_not_found", "0 0 1x60")}, silent("6m", "RelockFailureRatioHigh")},
		{"A few failures among few users.", []string{users("reset", "0 0 5x60"), users("user_not_found", "0 0 5x60")}, silent("6m", "RelockFailureRatioHigh")},
		{
			"Three of three users fail, and the many who were excluded do not make them a number.",
			[]string{users("excluded", "0 0 25x60"), users("user_not_found", "0 0 3x60")}, silent("6m", "RelockFailureRatioHigh"),
		},
		{
			"30 of 100 users fail.",
			[]string{users("reset", "0 0 70x60"), users("user_not_found", "0 0 30x60")},
			[]check{{"6m", "RelockFailureRatioHigh", fires("30% of the targets of Relock (relock) end without a reset")}},
		},
		{
			"30 of 100 users fail, and a thousand others were excluded.",
			[]string{users("reset", "0 0 70x60"), users("user_not_found", "0 0 30x60"), users("excluded", "0 0 1000x60")},
			[]check{{"6m", "RelockFailureRatioHigh", fires("30% of the targets of Relock (relock) end without a reset")}},
		},
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
