package page_test

import (
	"iter"
	"math"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/report"
	"relock/internal/report/page"
	"relock/internal/report/progress"
	"relock/internal/telemetry"
)

var night = time.Date(2026, 11, 23, 1, 14, 5, 0, time.UTC)

// curve is a night: full pace, an hour's halt, then the rest.
func curve() report.Curve {
	c := report.Curve{Width: 2 * time.Minute}
	for i := range 140 {
		b := report.Bucket{Start: night.Add(time.Duration(i) * c.Width)}
		if i < 50 || i >= 80 {
			b.Reset = int64(2700 + 150*math.Sin(float64(i)/7))
			b.Failed = int64(80 + i%7)
		}
		if i == 139 {
			b.Other = 700
		}
		c.Buckets = append(c.Buckets, b)
	}
	return c
}

// evidence is a job with something of everything.
func evidence() report.Evidence {
	projected := 0.962
	e := report.Evidence{
		Version: "v1.2.0", Made: night.Add(6 * time.Hour), Ledger: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
		Job: job.Job{
			ID: "inc-2026-1123", Pool: "eu-west-1_AbCdEf123", Region: "eu-west-1",
			Reason:    "Break-in of 22 November, INC-1123: password hashes were copied from the old portal.\nDecided by the incident lead and the data protection officer.",
			StartedBy: "arn:aws:sts::123456789012:assumed-role/SecurityOnCall/maria.lindqvist",
			Sources: []job.Source{
				{Name: "portal-users-2026-11-22.csv.gz", SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
				{Name: "-", SHA256: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"},
			},
			Content: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
			Policy:  job.Policy{SignOut: true, Metadata: map[string]string{"case": "", "template": ""}},
			Plan: job.Plan{
				Account: "123456789012", PoolName: "customers-production", Budget: 24, BudgetReason: "24 requests a second: 80 % of the quota of 30 a second, which Service Quotas says",
				Projected: &projected, Sampled: 500, Canary: 200, Excluded: 12,
				Findings: []job.Finding{
					{Code: "ses_allowance", Text: "Amazon SES may send 50,000 messages a day and has sent 1,204 of them; the job needs 306,000. Ask for more, or let the job take seven days.", Stops: true, Forced: true},
					{Code: "case_only", Text: "14 usernames differ only by case, and the pool ignores case."},
				},
				Settings: map[string]string{"sign-out": "true", "force": "ses_allowance", "exclude": "break-glass.csv", "max-users": "310000"},
			},
			Seal:    &job.Seal{Root: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c", Leaves: 306_001, Signature: "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kA==", PublicKey: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
			Counts:  job.Counts{Rows: 309_512, Duplicates: 3_400, Excluded: 12, Invalid: 100, Targets: 306_000},
			State:   job.StateFinished,
			Created: night.Add(-time.Minute), Opened: night.Add(3 * time.Minute), Finished: night.Add(280 * time.Minute),
		},
		SentAll: true, Balanced: true, Curve: curve(),
		Repeated: 3, Calls: 306_410,
		First: night, Last: night.Add(280 * time.Minute),
		Root: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c", Leaves: 306_001, Sealed: report.SealWhole,
	}
	n := map[job.Outcome]int64{
		job.Reset: 296_172, job.AlreadyReset: 41, job.UserNotFound: 5_210, job.UserDisabled: 1_318, job.NotResettableState: 1_904,
		job.NoVerifiedContact: 588, job.InvalidUsername: 9, job.LambdaRejected: 40, job.GaveUp: 11, job.UnknownError: 7, job.Cancelled: 700,
	}
	codes := map[job.Outcome]string{
		job.UserNotFound: "UserNotFoundException", job.UserDisabled: "NotAuthorizedException", job.NotResettableState: "NotAuthorizedException",
		job.NoVerifiedContact: "InvalidParameterException", job.InvalidUsername: "InvalidParameterException", job.LambdaRejected: "UserLambdaValidationException",
		job.GaveUp: "InternalErrorException", job.UnknownError: "SomethingNewException",
	}
	for _, o := range job.Outcomes() {
		row := report.OutcomeRow{Outcome: o, N: n[o], Access: report.AccessAfter(o)}
		if codes[o] != "" {
			row.Codes = []report.CodeCount{{Code: codes[o], N: n[o]}}
		}
		e.Outcomes = append(e.Outcomes, row)
		e.Targets += n[o]
		switch {
		case o.Succeeded():
			e.Reset += n[o]
		case o.Failed():
			e.Failed += n[o]
		}
	}
	// The curve is drawn from the same records.
	last := &e.Curve.Buckets[len(e.Curve.Buckets)-1]
	last.Reset, last.Failed = e.Reset, e.Failed
	for _, b := range e.Curve.Buckets[:len(e.Curve.Buckets)-1] {
		last.Reset, last.Failed = last.Reset-b.Reset, last.Failed-b.Failed
	}
	e.SignOuts = []report.SignOutRow{
		{State: job.SignOutPending}, {State: job.SignOutDone, N: 300_030},
		{State: job.SignOutFailed, N: 4, Codes: []report.CodeCount{{Code: "InternalErrorException", N: 4}}},
	}
	e.Chain = []report.Link{
		{ID: "inc-2026-1123", This: true, State: job.StateFinished, Created: e.Job.Created, Targets: e.Targets, Reset: e.Reset, Failed: e.Failed},
		{ID: "inc-2026-1123-retry-1", Parent: "inc-2026-1123", State: job.StateOpen, Created: night.Add(7 * time.Hour), Targets: 658, Pending: 520, Reset: 131, Failed: 7},
	}
	return e
}

// withUsers adds users, the last one with an error after it if there is one.
func withUsers(e report.Evidence, err error, users ...report.User) report.Evidence {
	e.Users = func(yield func(report.User, error) bool) {
		for _, u := range users {
			if !yield(u, nil) {
				return
			}
		}
		if err != nil {
			yield(report.User{}, err)
		}
	}
	return e
}

var _ iter.Seq2[report.User, error] = report.Evidence{}.Users

// live is a worker half-way, with throttles a while ago.
func live() page.Live {
	now := night.Add(25 * time.Minute)
	l := page.Live{
		Version: "v1.2.0", Now: now, Pools: []string{"eu-west-1_AbCdEf123"}, InFlight: 3,
		BudgetReason: "24 requests a second: 80 % of the quota of 30 for UserAccountRecovery, read from Service Quotas",
		Run: progress.Run{Active: true, Estimate: progress.Estimate{Rate: 23.2, Jobs: 1, Pending: 25_900}, Jobs: []progress.Job{{
			Job: job.Job{ID: "inc-2026-1123", Pool: "eu-west-1_AbCdEf123", State: job.StateOpen, Counts: job.Counts{Targets: 60_000}, Policy: job.Policy{SignOut: true}},
			Totals: ledger.Totals{Targets: 60_000, Pending: 25_900, Repeated: 1, Outcomes: map[job.Outcome]int64{
				job.Reset: 33_012, job.UserNotFound: 702, job.UserDisabled: 204, job.NoVerifiedContact: 182}},
			SentAll: true,
		}}},
	}
	var s telemetry.Sample
	for i := range 1500 {
		s.At = night.Add(time.Duration(i) * time.Second)
		s.Resets.Quota, s.Resets.Budget, s.Resets.Pace = 30, 24, 24
		if i >= 600 && i < 900 {
			s.Resets.Pace = 16 + float64(i-600)*8/300
			if i < 660 {
				s.Resets.Throttled++
			}
		}
		s.Resets.Calls += uint64(s.Resets.Pace)
		s.Done = int64(float64(s.Resets.Calls-s.Resets.Throttled) * 34_100 / 34_700)
		s.Failed = s.Done * 1088 / 34_100
		s.Pending = 60_000 - s.Done
		s.SignOutsPending = 40
		s.SignOuts = telemetry.Flow{Pace: 20, Budget: 20, Quota: 25, Calls: s.Resets.Calls - s.Resets.Throttled}
		l.Samples = append(l.Samples, s)
	}
	return l
}
