package dashboard

import (
	"slices"
	"strings"
)

func workerTests() []unitTest {
	none := func(pending string) []firing {
		return fires("No worker of Relock (relock) is active, and " + pending + " resets or sign-outs are pending")
	}
	left := func(values string) string {
		return `relock_job_targets{job="relock", instance="a", reset_job="j", state="pending"} ` + values
	}
	works := func(values string) string { return `relock_active{job="relock", instance="a"} ` + values }
	kind := func(drain string) string {
		return `relock_drain{job="relock", instance="a"} ` + drain + `x10 stale`
	}
	return []unitTest{
		{
			"Two stand by, none takes the lease, and work is pending.",
			[]string{works("1x10 0x60"), standby, left("100x70")},
			[]check{{"12m", "RelockNoActiveWorker", nil}, {"14m", "RelockNoActiveWorker", none("100")}},
		},
		{"Two stand by, and nothing is pending.", []string{works("1x10 0x60"), standby, left("0x70")}, silent("60m", "RelockNoActiveWorker")},
		{
			"A standby takes over at once.",
			[]string{works("1x10 0x60"), `relock_active{job="relock", instance="b"} 0x11 1x60`, left("100x70")},
			silent("14m", "RelockNoActiveWorker"),
		},
		{
			"A service is gone, with work pending: an alarm for as long as it is.",
			[]string{works("1x10 stale"), kind("0"), left("1000-10x10 stale")},
			[]check{
				{"10m", "RelockNoActiveWorker", nil}, {"20m", "RelockNoActiveWorker", none("900")}, {"8h", "RelockNoActiveWorker", none("900")},
			},
		},
		{
			"It is started again, and finishes the work.",
			[]string{works("1x10 stale _x49 1x60"), left("1000x10 stale _x49 1000x10 0x10 stale")},
			[]check{{"40m", "RelockNoActiveWorker", none("1k")}, {"65m", "RelockNoActiveWorker", nil}, {"90m", "RelockNoActiveWorker", nil}},
		},
		{"A service was removed, with every job done.", []string{works("1x60 stale"), kind("0"), left("50x10 stale")}, silent("90m", "RelockNoActiveWorker")},
		{"A service was removed that never had a job.", []string{works("1x10 stale"), kind("0")}, silent("20m", "RelockNoActiveWorker")},
		{
			"A service was removed while its only job was on hold.",
			[]string{works("1x10 stale"), left("100x10 stale"), `relock_job_paused{job="relock", instance="a", reset_job="j"} 0x4 1x6 stale`},
			silent("60m", "RelockNoActiveWorker"),
		},
		{
			"All stand by, and the only job is on hold.",
			[]string{works("1x4 0x60"), left("100x64"), `relock_job_paused{job="relock", instance="a", reset_job="j"} 0x4 1x60`},
			silent("60m", "RelockNoActiveWorker"),
		},
		{
			"A drain was killed in the middle.",
			[]string{works("1x10 stale"), kind("1"), left("1000-10x10 stale")},
			[]check{{"20m", "RelockNoActiveWorker", none("900")}},
		},
		{
			"A drain was killed when only sign-outs were left.",
			[]string{works("1x10 stale"), kind("1"), left("0x10 stale"), `relock_job_sign_outs_pending{job="relock", instance="a", reset_job="j"} 70-5x10 stale`},
			[]check{{"20m", "RelockNoActiveWorker", none("20")}},
		},
		{"A drain has ended: the last scrape saw it.", []string{works("1x9 0 stale"), kind("1"), left("1000-100x10 stale")}, silent("60m", "RelockNoActiveWorker")},
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
		{"The first run has begun.", []string{run("start", "0x240"), run("seen", "0+60x240"), every("8035200")}, silent("2h", "RelockScheduledRunMissing")},
		{"The first run has gone on for eight days.", []string{run("start", "-691200x240"), run("seen", "0+60x240"), every("8035200")}, []check{{"2h", "RelockScheduledRunMissing", expected}}},
		{
			"A run was killed: it has no end, and no longer says that it is going on.",
			[]string{run("start", "600x240"), run("seen", "600+0x4 900+0x240"), run("end", "0x240"), run("success", "0x240"), every("8035200")},
			[]check{{"30m", "RelockScheduledRunMissing", nil}, {"2h", "RelockScheduledRunMissing", expected}},
		},
		{
			"The first run was killed.",
			[]string{run("start", "600x240"), run("seen", "600x240"), every("8035200")},
			[]check{{"30m", "RelockScheduledRunMissing", nil}, {"2h", "RelockScheduledRunMissing", expected}},
		},
		{
			"A run was killed that says nothing of its progress.",
			[]string{run("start", "600x240"), run("end", "0x240"), run("success", "0x240"), every("8035200")},
			[]check{{"2h", "RelockScheduledRunMissing", expected}},
		},
		{
			"A run of four hours is alive.",
			[]string{run("start", "600x240"), run("seen", "0+60x240"), run("end", "0x240"), run("success", "0x240"), `relock_run_every_seconds{job="relock", schedule="quarter"} 8035200x240`},
			append(silent("2h", "RelockScheduledRunMissing"), silent("4h", "RelockScheduledRunMissing")...),
		},
		{
			"A run that was killed was started again, and has ended.",
			[]string{run("start", "600x90 6000x150"), run("seen", "600x90 6000x150"), run("end", "0x110 6600x130"), run("success", "0x110 6600x130"), every("8035200")},
			[]check{{"89m", "RelockScheduledRunMissing", expected}, {"3h", "RelockScheduledRunMissing", nil}},
		},
		{"The last run failed.", []string{run("end", "600x240"), run("success", "0x240"), every("8035200")}, []check{{"2h", "RelockScheduledRunMissing", expected}}},
		{"No run ever succeeded.", []string{run("end", "600x240")}, []check{{"2h", "RelockScheduledRunMissing", expected}}},
		{"The last run succeeded.", []string{run("end", "600x240"), run("success", "600x240"), every("8035200")}, silent("2h", "RelockScheduledRunMissing")},
		{"Nothing is scheduled.", []string{strings.Replace(active, "240", "200", 1)}, silent("2h", "RelockScheduledRunMissing")},
	}
}

// setUpTests: two set-ups under one Prometheus job, told apart by the namespace or by
// account and Region. What is good in one hides nothing of the other.
func setUpTests() []unitTest {
	both := func(metric, more, inA, inB string) []string {
		return []string{
			metric + `{job="relock", namespace="a", instance="x", pod="p1"` + more + `} ` + inA,
			metric + `{job="relock", namespace="b", instance="x", pod="p2"` + more + `} ` + inB,
		}
	}
	ofA := func(severity, summary string, more ...string) []firing {
		return []firing{{severity, append([]string{"job=relock", "namespace=a"}, more...), summary}}
	}
	join := slices.Concat[[]string]
	left := `, reset_job="j", state="pending"`
	return []unitTest{
		{
			"Namespace a is halted, b is not.",
			both("relock_halted", `, reason="canary"`, "1x60", "0x60"),
			[]check{{"10m", "RelockHalted", ofA("critical", "Relock (relock) is halted until an operator resumes it: canary", "reason=canary")}},
		},
		{
			"Both are halted: two alarms.",
			both("relock_halted", `, reason="canary"`, "1x60", "1x60"),
			[]check{{"10m", "RelockHalted", append(
				ofA("critical", "Relock (relock) is halted until an operator resumes it: canary", "reason=canary"),
				firing{"critical", []string{"job=relock", "namespace=b", "reason=canary"}, "Relock (relock) is halted until an operator resumes it: canary"})}},
		},
		{
			"All of a's few users fail, none of b's many.",
			join(both("relock_users_total", `, outcome="reset"`, "0x60", "0+1000x60"), both("relock_users_total", `, outcome="user_not_found"`, "0+50x60", "0x60")),
			[]check{{"15m", "RelockFailureRatioHigh", ofA("", "100% of the targets of Relock (relock) end without a reset")}},
		},
		{
			"a has no progress, b has; b is halted later.",
			join(both("relock_active", "", "1x60", "1x60"), both("relock_users_total", `, outcome="reset"`, "0x60", "0+1000x60"),
				both("relock_job_targets", left, "100x60", "100000-1000x60"), both("relock_queue_messages", `, state="visible"`, "100x60", "100x60"),
				both("relock_halted", `, reason="canary"`, "0x60", "0x30 1x30")),
			[]check{
				{"25m", "RelockNoProgress", ofA("", noProgress)}, {"55m", "RelockNoProgress", ofA("", noProgress)},
			},
		},
		{
			"No worker is active in a; one in b is.",
			join(both("relock_active", "", "0x60", "1x60"), both("relock_job_targets", left, "100x60", "100x60")),
			[]check{{"10m", "RelockNoActiveWorker", ofA("", "No worker of Relock (relock) is active, and 100 resets or sign-outs are pending")}},
		},
		{
			"a will miss the retention of its queue, b will not.",
			join(both("relock_active", "", "1x60", "1x60"), both("relock_job_targets", left, "10000000x60", "10x60"), both("relock_pace", `, operation="AdminResetUserPassword"`, "24x60", "24x60"),
				both("relock_job_created_timestamp_seconds", `, reset_job="j"`, "0x60", "0x60"), both("relock_queue_retention_seconds", "", "345600x60", "1209600x60")),
			[]check{{"20m", "RelockWillMissRetention", ofA("", "Relock (relock) will not be done before the queue drops its messages")}},
		},
		{
			"Half of a's few calls are throttled, none of b's many.",
			join(both("relock_cognito_requests_total", `, operation="AdminResetUserPassword", code="OK"`, "0+30x60", "0+1400x60"),
				both("relock_cognito_requests_total", `, operation="AdminResetUserPassword", code="TooManyRequestsException"`, "0+30x60", "0x60")),
			[]check{{"15m", "RelockThrottleRatioHigh", ofA("", "Cognito throttles 50% of the resets of Relock (relock)")}},
		},
		{
			"The quarter's run of a failed, that of b succeeded.",
			join(both("relock_run_last_end_timestamp_seconds", `, schedule="quarter"`, "600x240", "600x240"), both("relock_run_last_success_timestamp_seconds", `, schedule="quarter"`, "0x240", "600x240"),
				both("relock_run_every_seconds", `, schedule="quarter"`, "8035200x240", "8035200x240")),
			[]check{{"2h", "RelockScheduledRunMissing", ofA("", "The scheduled run quarter of Relock (relock) has not succeeded", "schedule=quarter")}},
		},
		{
			"Two accounts and two Regions: one has dead letters, refused credentials and no active worker.",
			[]string{
				`relock_active{job="relock", instance="x", account="111111111111", region="eu-west-1"} 1x60`,
				`relock_active{job="relock", instance="y", account="111111111111", region="us-east-1"} 0x60`,
				`relock_job_targets{job="relock", instance="x", account="111111111111", region="eu-west-1", reset_job="j", state="pending"} 5x60`,
				`relock_job_targets{job="relock", instance="y", account="111111111111", region="us-east-1", reset_job="j", state="pending"} 7x60`,
				`relock_dead_letter_messages{job="relock", instance="x", account="111111111111", region="eu-west-1"} 0x60`,
				`relock_dead_letter_messages{job="relock", instance="z", account="222222222222", region="eu-west-1"} 3x60`,
				`relock_halted{job="relock", instance="x", account="111111111111", region="eu-west-1", reason="credentials"} 0x60`,
				`relock_halted{job="relock", instance="z", account="222222222222", region="eu-west-1", reason="credentials"} 1x60`,
			},
			[]check{
				{"10m", "RelockNoActiveWorker", []firing{{"", []string{"job=relock", "account=\"111111111111\"", "region=us-east-1"}, "No worker of Relock (relock) is active, and 7 resets or sign-outs are pending"}}},
				{"10m", "RelockDeadLetters", []firing{{"", []string{"job=relock", "account=\"222222222222\"", "region=eu-west-1"}, "3 messages of Relock (relock) are in the dead-letter queue"}}},
				{"10m", "RelockCredentialsFailing", []firing{{"", []string{"job=relock", "account=\"222222222222\"", "region=eu-west-1"}, "AWS refuses the credentials of Relock (relock)"}}},
			},
		},
	}
}
