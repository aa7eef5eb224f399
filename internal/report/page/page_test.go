package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/report"
	"relock/internal/report/page"
	"relock/internal/report/progress"
)

var (
	tagPattern  = regexp.MustCompile(`<([a-zA-Z!/][^\s>]*)`)
	linkPattern = regexp.MustCompile(`\b(?:href|src|srcset|action|data|poster|xlink:href)="([^"]*)"`)
)

// tags counts the tags of a page. A value that is not escaped adds one.
func tags(text string) map[string]int {
	n := map[string]int{}
	for _, m := range tagPattern.FindAllStringSubmatch(text, -1) {
		n[m[1]]++
	}
	return n
}

func TestAPageAsksNobodyForAnything(t *testing.T) {
	t.Parallel()
	status, err := page.Status(live())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"evidence": render(t, withUsers(evidence(), nil, hostileUsers()...)), "status": string(status)} {
		for _, m := range linkPattern.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "#") && m[1] != "data:," {
				t.Errorf("%s links to %s", name, m[1])
			}
		}
		for _, never := range []string{"@import", "url(", " style=", " onload=\"", "delivered"} {
			if strings.Contains(text, never) {
				t.Errorf("%s has %s", name, never)
			}
		}
		if got, want := tags(text)["script"], map[string]int{"evidence": 0, "status": 1}[name]; got != want {
			t.Errorf("%s has %d scripts, want %d", name, got, want)
		}
		for _, element := range []string{"style", "script"} {
			_, rest, ok := strings.Cut(text, "<"+element+">")
			inside, _, _ := strings.Cut(rest, "</"+element+">")
			sum := sha256.Sum256([]byte(inside))
			if hash := base64.StdEncoding.EncodeToString(sum[:]); ok && !strings.Contains(strings.ReplaceAll(text, "&#43;", "+"), element+"-src &#39;sha256-"+hash+"&#39;") {
				t.Errorf("%s: the policy does not name its %s, %s", name, element, hash)
			}
		}
	}
}

func TestNoValueBecomesMarkup(t *testing.T) {
	t.Parallel()
	bad := evidence()
	j := &bad.Job
	j.ID, j.Reason, j.StartedBy, j.Pool, j.Parent, j.Content = hostileText, hostileText, hostileText, hostileText, hostileText, hostileText
	j.Sources[0] = job.Source{Name: hostileText, SHA256: hostileText}
	j.Plan.PoolName, j.Plan.BudgetReason, j.Plan.Account = hostileText, hostileText, hostileText
	j.Plan.Findings[0].Text, j.Plan.Findings[0].Code = hostileText, hostileText
	j.Plan.Settings = map[string]string{"sign-out": hostileText, "force": "", "exclude": "", "max-users": ""}
	j.Policy.Metadata = map[string]string{hostileText: "", "template": ""}
	j.Seal.Root, j.Seal.Signature, j.Seal.PublicKey = hostileText, hostileText, hostileText
	bad.Version, bad.Ledger, bad.Root = hostileText, hostileText, hostileText
	bad.Chain[1].ID, bad.Chain[1].Parent = hostileText, hostileText
	for i := range bad.Outcomes {
		if len(bad.Outcomes[i].Codes) > 0 {
			bad.Outcomes[i].Codes[0].Code = hostileText
		}
	}
	good := evidence()
	good.Job.Parent = "parent"
	user := report.User{List: "l", Line: 2, Username: "u", Code: "c", RequestID: "r", At: night}
	worse := report.User{List: hostileText, Line: 2, Username: hostileText, Code: hostileText, RequestID: hostileText, At: night}
	text := render(t, withUsers(bad, nil, worse))
	if diff := cmp.Diff(tags(render(t, withUsers(good, nil, user))), tags(text)); diff != "" {
		t.Errorf("values made markup (-plain +hostile):\n%s", diff)
	}
	for _, r := range "\u202e\u200b\u2066\x00\x1b" {
		if strings.ContainsRune(text, r) {
			t.Errorf("U+%04X is in the page as it is", r)
		}
	}
	text = html.UnescapeString(text) // a plus is written as a number
	if !strings.Contains(text, "[U+202E]gnp.exe[U+202C]") || !strings.Contains(text, "שלום") {
		t.Error("a character that turns the text is not shown, or one that may stay is gone")
	}
}

func FuzzEvidence(f *testing.F) {
	f.Add(hostileText, "ana")
	f.Add("", "\xff\xfe")
	f.Add("`", "a`b")
	want := tags(renderFuzz(f, "reason", "ana"))
	f.Fuzz(func(t *testing.T, reason, name string) {
		if reason == "" || strings.Contains(reason, "`") {
			reason = "r" // an empty one has words of its own, and backquotes make code of our texts
		}
		if diff := cmp.Diff(want, tags(renderFuzz(t, reason, name))); diff != "" {
			t.Errorf("values made markup (-plain +fuzzed):\n%s", diff)
		}
	})
}

func renderFuzz(t testing.TB, reason, name string) string {
	// Without curve, chain and outcomes: a small page is drawn more often.
	e := report.Evidence{Version: "v0", Made: night, Job: job.Job{
		ID: name, Reason: reason, StartedBy: name, Sources: []job.Source{{Name: name}},
		Plan: job.Plan{Findings: []job.Finding{{Code: "code", Text: reason}}, Settings: map[string]string{"exclude": name}},
	}}
	var b strings.Builder
	if err := page.Evidence(&b, withUsers(e, nil, report.User{Username: job.Username(name), List: reason, Code: "c", At: night})); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheEvidenceSaysWhatTheRecordsSay(t *testing.T) {
	t.Parallel()
	unsealed := func(e *report.Evidence) { e.Job.Seal, e.Sealed = nil, report.SealNone }
	for name, c := range map[string]struct {
		change      func(*report.Evidence)
		has, hasNot []string
	}{
		"complete": {func(*report.Evidence) {}, []string{
			"Every one of 306,000 users has an outcome.", "Cognito accepted the reset of 296,213 users (96.8 %); 9,087 were not reset.",
			"This page names no user.", "Every row of the lists is accounted for.", "= 309,512", "Verify it", "1 finding was overruled",
			"3 users may have been reset twice", "job verify --root", "RESEND", "<dd>24 requests a second: 80 %", "<dd>96.2 % of the targets", "ses_allowance", ">forced<", "assumed-role/SecurityOnCall",
			"The longest time without an outcome was 1 h, from 2026-11-23 02:54:05 UTC on.", "inc-2026-1123-retry-1", "300,030",
		}, []string{"personal data"}},
		"pending": {func(e *report.Evidence) { e.Pending, e.Reset = 1, e.Reset-1; unsealed(e) }, []string{
			"1 user of 306,000 still has no outcome", "<code>pending</code>", "The job has no seal yet", "There is no seal yet",
		}, []string{"Every one of", "Verify it"}},
		"over without a seal": {func(e *report.Evidence) { unsealed(e) }, []string{
			"The job has no seal. See", "The job is over and has no seal.",
		}, []string{"no seal yet"}},
		"without findings": {func(e *report.Evidence) { e.Job.Plan.Findings = nil }, []string{"Nothing was found that spoke against"}, []string{"is not recorded"}},
		"without a plan": {func(e *report.Evidence) { e.Job.Plan = job.Plan{} }, []string{
			"What was found before the first message is not recorded",
		}, []string{"Nothing was found", "Projection", "Settings that shaped"}},
		"tampered": {func(e *report.Evidence) { e.Sealed = report.SealBroken }, []string{
			"<strong>not</strong> those that were sealed", "Somebody or something changed them afterwards",
		}, []string{"Verify it", "give the root that was sealed when the job ended.</p>"}},
		"not balanced": {func(e *report.Evidence) { e.Balanced, e.SentAll = false, false }, []string{
			"Not every row of the lists is accounted for: enqueue has not finished", "The two do not agree",
		}, []string{"Both sums hold", "Every target has an outcome"}},
		"cancelled in part": {func(e *report.Evidence) { e.Balanced, e.SentAll, e.Job.State = false, false, job.StateCancelled }, []string{
			"Not every row of the lists is accounted for: the job was cancelled before", "The two do not agree</strong>: the job was cancelled",
		}, []string{"run it again"}},
		"nothing yet": {func(e *report.Evidence) { *e = report.Evidence{Job: job.Job{ID: "j"}} }, []string{
			"The job has no targets yet.", "No outcome has been recorded yet.", "no reason was given", "no list is recorded",
		}, []string{"<figure>", "NaN", "Inf", "0001-01-01"}},
		"no sign-out": {func(e *report.Evidence) { e.SignOuts = nil }, []string{"The job did not end sessions"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := evidence()
			c.change(&e)
			text := render(t, e)
			for _, s := range c.has {
				if !strings.Contains(text, s) {
					t.Errorf("the page does not say %q", s)
				}
			}
			for _, s := range c.hasNot {
				if strings.Contains(text, s) {
					t.Errorf("the page says %q", s)
				}
			}
		})
	}
}

func TestUsersAreThereOnlyIfAskedFor(t *testing.T) {
	t.Parallel()
	u := report.User{List: "users.csv", Line: 7, Username: "ana@example.com", Outcome: job.UserDisabled, Code: "NotAuthorizedException", RequestID: "7f3b", At: night}
	text := render(t, withUsers(evidence(), nil, u))
	for _, s := range []string{"<bdi>ana@example.com</bdi>", "<bdi>users.csv</bdi>, 7", "it is personal data", "<code>7f3b</code>"} {
		if !strings.Contains(text, s) {
			t.Errorf("the page lacks %q", s)
		}
	}
	broken := errors.New("the ledger is gone")
	if err := page.Evidence(new(strings.Builder), withUsers(evidence(), broken, u)); !errors.Is(err, broken) {
		t.Errorf("the error is %v, want that of the ledger", err)
	}
}

type fullDisk struct{ left int }

func (w *fullDisk) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errors.New("no space")
	}
	return len(p), nil
}

func TestAWriteThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	for _, left := range []int{0, 5000} {
		if err := page.Evidence(&fullDisk{left}, evidence()); err == nil || !strings.Contains(err.Error(), "no space") {
			t.Errorf("after %d bytes: %v", left, err)
		}
	}
}

func TestTheStateOfAWorker(t *testing.T) {
	t.Parallel()
	with := func(states ...job.State) page.Live {
		l := page.Live{Now: night, Run: progress.Run{Active: true}}
		for _, s := range states {
			l.Run.Jobs = append(l.Run.Jobs, progress.Job{Job: job.Job{ID: "j", State: s}, Totals: ledger.Totals{Targets: 10, Pending: 5}})
		}
		return l
	}
	halted := with(job.StateOpen)
	halted.Run.Halt = &job.Halt{Reason: job.HaltPoolNotFound, Since: night}
	standby := with(job.StateOpen)
	standby.Active = "worker-0:1:A"
	leaderless := with(job.StateOpen)
	leaderless.Run.Active = false
	waiting := with(job.StateOpen)
	waiting.Run.Estimate.Waiting = &progress.Waiting{Messages: 46, Until: night.Add(80 * time.Second)}
	for _, c := range []struct {
		live page.Live
		want string
	}{
		{with(), "Waiting for a job"}, {with(job.StateOpen), "Working"}, {with(job.StatePaused), "Paused"},
		{with(job.StatePaused, job.StateOpen), "Working"}, {with(job.StateFinished, job.StateCancelled), "Finished"},
		{with(job.StateFinished, job.StatePaused), "Paused"}, {halted, "Halted"}, {standby, "Standing by"},
		{with(job.StateCancelled), "Cancelled"}, {leaderless, "No worker is active"}, {waiting, "Waiting for messages"},
	} {
		text, err := page.Status(c.live)
		if err != nil || !strings.Contains(string(text), `">`+c.want+`</span>`) {
			t.Errorf("the page does not say %q, error %v", c.want, err)
		}
	}
	text, err := page.Status(halted)
	if err != nil || !strings.Contains(string(text), "check --user-pool-id, the account and the Region; then run <code>job resume</code>.") {
		t.Errorf("a halt is without its remedy, error %v", err)
	}
	halted.Run.Halt, halted.HaltEnds = &job.Halt{Reason: job.HaltClockSkew, Skew: -10 * time.Minute, Since: night}, true
	text, err = page.Status(halted)
	for _, want := range []string{"the clock is 10 min 0 s behind AWS&#39;s", "start the worker again"} {
		if err != nil || !strings.Contains(string(text), want) || strings.Contains(string(text), "by itself") {
			t.Errorf("a wrong clock in a drain: no %q, error %v", want, err)
		}
	}
}

func TestTheStatusSaysWhatBoundsTheBudgetAndHowTheActiveWorkerStands(t *testing.T) {
	t.Parallel()
	l := live()
	l.Active, l.BudgetReason = "worker-0:1:A", "12 requests a second: --rate <b>"
	text := func() string {
		b, err := page.Status(l)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := text(); strings.Contains(got, "Its pace") || !strings.Contains(got, "<b>Budget:</b> 12 requests a second: --rate &lt;b&gt;.</p>") {
		t.Error("what bounds the budget is not there as it is, or a pace is that nobody told")
	}
	l.Theirs = &page.Theirs{At: night, Pace: 16.4, Budget: 24, Throttled: 61, InFlight: 3}
	got := text()
	for _, want := range []string{
		`<dt>Its pace, a second</dt><dd>16.4 <span class="quiet">of 24</span></dd>`, "<dt>Its calls under way</dt><dd>3</dd>",
		"<dt>Its throttled resets</dt><dd>61</dd>", "what that worker noted there at",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("a standby's page lacks %q", want)
		}
	}
	if strings.Contains(got, "<dt>Pace, a second</dt>") {
		t.Error("a standby's page has a pace of its own")
	}
}

// The page has a time left only where the run has one, and says why where not.
func TestThePageSaysHowTheRunGoesOn(t *testing.T) {
	t.Parallel()
	figure := func(name, value string) string { return "<dt>" + name + "</dt><dd>" + value }
	for name, c := range map[string]struct {
		change      func(*page.Live)
		has, hasNot []string
	}{
		"at work": {func(*page.Live) {}, []string{
			figure("Time left", `about 19 min <span class="quiet">until 01:57 UTC</span>`), figure("Done", `34,100 <span class="quiet">57 %</span>`), "<title>57 % done · Relock: working",
		}, []string{"Canary", "Cancelled", "waiting"}},
		"stands": {func(l *page.Live) { l.Run.Estimate.Rate = 0 }, []string{figure("Time left", "not known</dd>")}, []string{"until"}},
		"paused": {func(l *page.Live) { l.Run.Jobs[0].Job.State = job.StatePaused }, []string{figure("Time left", "paused</dd>")}, []string{"min left"}},
		"halted": {func(l *page.Live) { l.Run.Halt = &job.Halt{Reason: job.HaltAccessDenied} }, []string{figure("Time left", "–</dd>"), "Halted: <code>access_denied</code>"}, []string{"min left"}},
		"no worker": {func(l *page.Live) { l.Run.Active = false }, []string{
			figure("Time left", "–</dd>"), "No worker is active: this one waits for the lease in the ledger.",
		}, []string{"min left"}},
		"waiting": {func(l *page.Live) {
			l.Run.Estimate = progress.Estimate{Waiting: &progress.Waiting{Messages: 1046, Until: l.Now.Add(80 * time.Second)}}
		}, []string{
			figure("Time left", "–</dd>"), "Waiting for 1,046 messages that are invisible in the queue (a worker that ended had received them, or they were put off): they come back by 01:40:25 UTC, in 1 min 20 s at the latest.",
		}, nil},
		"a silent active worker": {func(l *page.Live) {
			l.Run.Active, l.Active, l.Silent, l.TakeOver = false, "w", 12*time.Second, 11*time.Second
		}, []string{
			"<code>w</code> has been silent for 12 s, and this one takes over in 11 s at the latest.", figure("Time left", "–</dd>"),
		}, []string{"No worker is active"}},
		"on trial": {func(l *page.Live) {
			l.Run.Jobs[0].Job.Plan.Canary, l.Run.Jobs[0].Totals.Outcomes = 100, map[job.Outcome]int64{job.Reset: 88}
		}, []string{figure("Time left", "not known</dd>"), "<p>Canary: Waiting for 12 of the first 100.</p>"}, nil},
		"after the canary": {func(l *page.Live) {
			l.Run.Jobs[0].Job.Plan = job.Plan{Canary: 100, Projected: new(0.98)}
			l.Run.Jobs[0].Verdict = &progress.Verdict{Reset: 97, Users: 100}
		}, []string{"<p>Canary: 97 of the first 100 were reset; the projection was 98 %: going on.</p>"}, nil},
		"sessions left": {func(l *page.Live) {
			j := &l.Run.Jobs[0]
			j.Totals.Pending, j.Totals.Outcomes, j.Totals.SignOuts = 0, map[job.Outcome]int64{job.Reset: 60_000}, map[job.SignOut]int64{job.SignOutPending: 3}
		}, []string{figure("Done", `59,997 <span class="quiet">&gt; 99.9 %`), "60,000 of 60,000 users have an outcome (&gt; 99.9 %)", figure("Time left", "ending the last sessions")}, []string{"100 % done"}},
		"cancelled": {func(l *page.Live) {
			j := &l.Run.Jobs[0]
			j.Job.State, j.Totals.Pending = job.StateCancelled, 0
			j.Totals.Outcomes[job.Cancelled] = 25_900
		}, []string{
			"Cancelled: 33,012 of 60,000 reset, 1,088 failed, 25,900 not done", figure("Cancelled", "25,900"), figure("Pending", "0"), figure("Time left", "cancelled"), figure("Done", `34,100 <span class="quiet">57 %`),
		}, []string{"100 %"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := live()
			c.change(&l)
			b, err := page.Status(l)
			if err != nil {
				t.Fatal(err)
			}
			text := string(b)
			for _, s := range c.has {
				if !strings.Contains(text, s) {
					t.Errorf("the page lacks %q", s)
				}
			}
			for _, s := range c.hasNot {
				if strings.Contains(text, s) {
					t.Errorf("the page says %q", s)
				}
			}
		})
	}
}

func TestWhatIsReplacedHoldsNoFocus(t *testing.T) {
	t.Parallel()
	text, err := page.Status(live())
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), " data-live")
	if len(parts) < 5 {
		t.Fatalf("%d live parts", len(parts)-1)
	}
	for _, id := range []string{"say", "now", "joblist", "charts", "minutes"} {
		if !slices.ContainsFunc(parts, func(p string) bool { return strings.HasSuffix(p, `id="`+id+`"`) }) {
			t.Errorf("no live part %s", id)
		}
	}
}
