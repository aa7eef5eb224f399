package progress_test

import (
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/report/progress"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// half is a job of 2,000 users, 1,000 with an outcome.
func half(change ...func(*progress.Job)) progress.Job {
	j := progress.Job{
		Job: job.Job{ID: "j", State: job.StateOpen, Counts: job.Counts{Targets: 2000}},
		Totals: ledger.Totals{
			Targets: 2000, Pending: 1000, Outcomes: map[job.Outcome]int64{job.Reset: 990, job.UserNotFound: 10}, SignOuts: map[job.SignOut]int64{},
		},
		SentAll: true,
	}
	for _, f := range change {
		f(&j)
	}
	return j
}

func in(s job.State) func(*progress.Job) { return func(j *progress.Job) { j.Job.State = s } }

// ended gives every user an outcome.
func ended(j *progress.Job) { j.Totals.Pending, j.Totals.Outcomes[job.Reset] = 0, 1990 }

func TestHowARunStands(t *testing.T) {
	t.Parallel()
	canary := func(j *progress.Job) {
		j.Job.Plan.Canary, j.Totals.Outcomes = 100, map[job.Outcome]int64{job.Reset: 88, job.Excluded: 912}
	}
	signingOut := func(j *progress.Job) { j.Totals.SignOuts[job.SignOutPending] = 7 }
	est := progress.Estimate{Rate: 10, Jobs: 1, Pending: 990}
	halt := &job.Halt{Reason: job.HaltAccessDenied, Code: "AccessDenied"}
	for name, c := range map[string]struct {
		run   progress.Run
		state progress.State
		text  string
	}{
		"no job":       {progress.Run{Active: true, Estimate: est}, progress.Idle, "nothing to do"},
		"at work":      {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: est}, progress.Working, "about 2 min left"},
		"stands":       {progress.Run{Jobs: []progress.Job{half()}, Active: true}, progress.Working, "time left not known: no user has got an outcome lately"},
		"hardly moves": {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: progress.Estimate{Rate: 1e-9}}, progress.Working, "time left not known: no user has got an outcome lately"},
		"negative":     {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: progress.Estimate{Rate: -1}}, progress.Working, "time left not known: no user has got an outcome lately"},
		"soon":         {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: progress.Estimate{Rate: 5000}}, progress.Working, "less than 1 s left"},
		"with others": {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: progress.Estimate{Rate: 10, Jobs: 2, Pending: 4000}},
			progress.Working, "about 7 min left for all open jobs"},
		"two jobs": {progress.Run{Jobs: []progress.Job{half(), half()}, Active: true, Estimate: progress.Estimate{Rate: 10, Jobs: 2, Pending: 2000}},
			progress.Working, "about 3 min left"},
		"one of two is paused": {progress.Run{Jobs: []progress.Job{half(), half(in(job.StatePaused))}, Active: true, Estimate: est},
			progress.Working, "about 2 min left"},
		"paused":          {progress.Run{Jobs: []progress.Job{half(in(job.StatePaused))}, Active: true, Estimate: est}, progress.Paused, "paused"},
		"paused, none on": {progress.Run{Jobs: []progress.Job{half(in(job.StatePaused))}, Estimate: est}, progress.Paused, "paused"},
		"halted":          {progress.Run{Jobs: []progress.Job{half()}, Halt: halt, Active: true, Estimate: est}, progress.Halted, "halted: access_denied, AccessDenied"},
		"no worker":       {progress.Run{Jobs: []progress.Job{half()}, Estimate: est}, progress.NoWorker, "no worker is active"},
		"finished":        {progress.Run{Jobs: []progress.Job{half(ended, in(job.StateFinished))}, Halt: halt, Estimate: est}, progress.Done, "done"},
		"all have an outcome": {progress.Run{Jobs: []progress.Job{half(ended)}, Active: true, Estimate: est},
			progress.Done, "done"},
		"cancelled": {progress.Run{Jobs: []progress.Job{half(in(job.StateCancelled))}, Active: true, Estimate: est}, progress.Cancelled, "cancelled"},
		"cancelled and finished": {progress.Run{Jobs: []progress.Job{half(in(job.StateCancelled)), half(ended, in(job.StateFinished))}, Active: true},
			progress.Done, "done"},
		"signing out":         {progress.Run{Jobs: []progress.Job{half(ended, signingOut)}, Active: true, Estimate: est}, progress.SigningOut, "ending the last sessions"},
		"signing out, halted": {progress.Run{Jobs: []progress.Job{half(ended, signingOut)}, Halt: halt, Active: true}, progress.Halted, "halted: access_denied, AccessDenied"},
		"on trial": {progress.Run{Jobs: []progress.Job{half(canary)}, Active: true, Estimate: est},
			progress.OnTrial, "time left not known before the canary's verdict"},
		"waiting": {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: progress.Estimate{Waiting: &progress.Waiting{Messages: 46, Until: noon.Add(80 * time.Second)}}},
			progress.WaitingForMessages, "waiting for 46 messages that are invisible in the queue (a worker that ended had received them, or they were put off): they come back by 12:01:20 UTC, in 1 min 20 s at the latest"},
		"waiting, and should not any more": {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: progress.Estimate{Waiting: &progress.Waiting{Messages: 1, Until: noon}}},
			progress.WaitingForMessages, "waiting for 1 message that is invisible in the queue (a worker that ended had received it, or it was put off): it comes back now"},
		"waiting, nobody knows how long": {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: progress.Estimate{Waiting: &progress.Waiting{Messages: 2}}},
			progress.WaitingForMessages, "waiting for 2 messages that are invisible in the queue (a worker that ended had received them, or they were put off): they come back at a time that is not known"},
		"waiting for dead letters": {progress.Run{Jobs: []progress.Job{half()}, Active: true, Estimate: progress.Estimate{Waiting: &progress.Waiting{Messages: 2, Reason: "job j waits: why; what to do"}}},
			progress.WaitingForMessages, "job j waits: why; what to do"},
		"waiting, and paused": {progress.Run{Jobs: []progress.Job{half(in(job.StatePaused))}, Active: true, Estimate: progress.Estimate{Waiting: &progress.Waiting{Messages: 2}}},
			progress.Paused, "paused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.run.State(); got != c.state {
				t.Errorf("state %q, want %q", got, c.state)
			}
			if got := c.run.Time(noon); got != c.text {
				t.Errorf("%q, want %q", got, c.text)
			}
			if left, ok := c.run.Left(); ok != (left > 0) || ok && c.state != progress.Working {
				t.Errorf("%v left, %v", left, ok)
			}
		})
	}
}

func TestAJobInOneLine(t *testing.T) {
	t.Parallel()
	cancelled := half(in(job.StateCancelled), func(j *progress.Job) {
		j.Job.Counts.Targets, j.Totals = 3000, ledger.Totals{Targets: 3000, Outcomes: map[job.Outcome]int64{job.Reset: 1204, job.Cancelled: 1796}}
	})
	for name, c := range map[string]struct {
		j        progress.Job
		want     string
		finished int64
	}{
		"open":      {half(), "1,000 of 2,000 done, 10 failed", 1000},
		"cancelled": {cancelled, "cancelled: 1,204 of 3,000 reset, 1,796 not done", 1204},
		"cancelled just now": {half(in(job.StateCancelled), func(j *progress.Job) { j.Totals.Outcomes[job.Excluded], j.Totals.Outcomes[job.Reset] = 90, 900 }),
			"cancelled: 900 of 2,000 reset, 10 failed, 90 excluded, 1,000 not done", 1000},
		"cancelled while it was listed": {half(in(job.StateCancelled), func(j *progress.Job) {
			j.Totals = ledger.Totals{Targets: 500, Outcomes: map[job.Outcome]int64{job.Cancelled: 500}}
		}), "cancelled: 0 of 2,000 reset, 2,000 not done", 0},
		"signing out": {half(ended, func(j *progress.Job) {
			j.Job.Policy.SignOut = true
			j.Totals.SignOuts = map[job.SignOut]int64{job.SignOutDone: 1980, job.SignOutPending: 15, job.SignOutFailed: 5}
		}), "2,000 of 2,000 done, 10 failed, 1,980 signed out, 5 not", 1985},
	} {
		if got := c.j.String(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if got := c.j.Finished(); got != c.finished {
			t.Errorf("%s: %d finished, want %d", name, got, c.finished)
		}
	}
}

func TestTheCanaryInASentence(t *testing.T) {
	t.Parallel()
	canary := func(reset int64, projected *float64, v *progress.Verdict) progress.Job {
		return half(func(j *progress.Job) {
			j.Job.Plan, j.Verdict = job.Plan{Canary: 100, Projected: projected}, v
			j.Totals.Outcomes = map[job.Outcome]int64{job.Reset: reset, job.Missing: 30, job.Excluded: 5}
		})
	}
	halt := &job.Halt{Reason: job.HaltCanary}
	for want, c := range map[string]struct {
		j    progress.Job
		halt *job.Halt
	}{
		"":                                 {half(), nil},
		"waiting for 12 of the first 100":  {canary(88, nil, nil), nil},
		"waiting for 100 of the first 100": {canary(0, nil, nil), nil},
		"all of the first 100 have an outcome; the verdict is due":                              {canary(100, nil, nil), nil},
		"97 of the first 100 were reset; the projection was 98 %: going on":                     {canary(800, new(0.98), &progress.Verdict{Reset: 97, Users: 100}), nil},
		"1 of the first 100 was reset; the projection was 5.5 %: going on":                      {canary(800, new(0.055), &progress.Verdict{Reset: 1, Users: 100}), nil},
		"91 of the first 100 were reset; nothing was projected, and 90 % were wanted: going on": {canary(800, nil, &progress.Verdict{Reset: 91, Users: 100}), nil},
		"45 of the first 100 were reset; the projection was 98 %: halted":                       {canary(45, new(0.98), &progress.Verdict{Reset: 45, Users: 100, Halted: true}), halt},
		"45 of the first 100 were reset; the projection was 98 %: it halted and was resumed":    {canary(60, new(0.98), &progress.Verdict{Reset: 45, Users: 100, Halted: true}), nil},
		"fewer of the first users were reset than projected: halted":                            {canary(45, nil, &progress.Verdict{Halted: true}), halt},
	} {
		if got := c.j.Canary(c.halt); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	// After a verdict that an older version did not keep, and where none will come.
	for _, j := range []progress.Job{canary(800, nil, nil), half(in(job.StateFinished), func(j *progress.Job) { j.Job.Plan.Canary = 100 })} {
		if got := j.Canary(nil); got != "" {
			t.Errorf("%q, want nothing", got)
		}
	}
	over := canary(800, new(0.98), &progress.Verdict{Reset: 97, Users: 100})
	over.Job.State = job.StateFinished
	if got, want := over.Canary(nil), "97 of the first 100 were reset; the projection was 98 %: it went on"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAVerdictIsKept(t *testing.T) {
	t.Parallel()
	for _, v := range []progress.Verdict{{Reset: 97, Users: 100}, {Reset: 0, Users: 1, Halted: true}, {Halted: true}} {
		if got := progress.VerdictOf(v.Halt()); got != v {
			t.Errorf("%+v comes back as %+v", v, got)
		}
	}
	if got := progress.VerdictOf(job.Halt{Reason: job.HaltCanary}); got != (progress.Verdict{Halted: true}) {
		t.Errorf("that of an older version is %+v", got)
	}
}

// The speed follows what is done now, and neither what was done before the run nor
// what many targets get at once.
func TestTheMeter(t *testing.T) {
	t.Parallel()
	var m progress.Meter
	at := noon
	done := int64(90_000)
	add := func(n int64, seconds int) {
		for range seconds {
			done += n
			m.Add(at, []progress.Job{half(func(j *progress.Job) {
				j.Job.Counts.Targets, j.Totals.Targets, j.Totals.Pending = 1_000_000, 1_000_000, 1_000_000-done
			})})
			at = at.Add(time.Second)
		}
	}
	want := func(when string, want float64) {
		t.Helper()
		if got := m.Rate(24); got < want-0.01 || got > want+0.01 {
			t.Errorf("%s: %v a second, want %v", when, got, want)
		}
	}
	want("before anything", 24)
	if got := m.Rate(-1); got != 0 {
		t.Errorf("a pace below zero gives %v", got)
	}
	add(100, 5)
	want("at first, by the pace", 24)
	add(100, 60)
	want("after a minute", 100)
	add(10, 61)
	want("slower of late", 10)
	add(0, 30)
	want("nothing for half a minute", 5)
	add(0, 61)
	want("nothing for a minute", 0)
	m.Reset()
	want("after a pause", 24)

	job1, job2 := half(), half(func(j *progress.Job) { j.Job.ID = "k" })
	m.Add(noon, []progress.Job{job1})
	m.Add(noon.Add(10*time.Second), []progress.Job{job1, job2})
	want("a job that comes in between", 0)
	job1.Totals.Pending, job1.Totals.Outcomes = 0, map[job.Outcome]int64{job.Reset: 990, job.UserNotFound: 10, job.Cancelled: 1000}
	job2.Totals.Pending, job2.Totals.Outcomes = 0, map[job.Outcome]int64{job.Reset: 990, job.UserNotFound: 10, job.Missing: 1000}
	m.Add(noon.Add(20*time.Second), []progress.Job{job1, job2})
	want("closed out", 0)
}
