package telemetry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"relock/internal/job"
	"relock/internal/telemetry/pushfake"
)

// gateway is a Pushgateway and a Pusher to it.
func gateway(t *testing.T, group string) (*pushfake.Gateway, *Pusher) {
	t.Helper()
	g := &pushfake.Gateway{}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	p, err := NewPusher(server.URL, group)
	if err != nil {
		t.Fatal(err)
	}
	p.client.Transport = &http.Transport{DisableKeepAlives: true}
	return g, p
}

func mustPush(t *testing.T, p *Pusher, from ...prometheus.Gatherer) {
	t.Helper()
	if err := p.Push(t.Context(), from...); err != nil {
		t.Fatal(err)
	}
}

const night = "job/relock/schedule/night"

func TestARunThatFailsKeepsTheLastSuccess(t *testing.T) {
	t.Parallel()
	g, p := gateway(t, "night")
	monday := time.Unix(1_760_000_000, 0)
	r := NewRun(monday, 93*24*time.Hour)
	mustPush(t, p, r.Going(monday))
	if got := g.Series(night); len(got) != 3 || got["relock_run_last_start_timestamp_seconds"] != "1.76e+09" || got["relock_run_last_seen_timestamp_seconds"] != "1.76e+09" || got["relock_run_every_seconds"] != "8.0352e+06" {
		t.Errorf("at the start: %v, want the time of the start, twice, and that of the schedule", got)
	}
	r.SetTargets(0, 40, 2, 1)
	mustPush(t, p, r.End(monday.Add(time.Minute), time.Minute, 3, true))

	tuesday := NewRun(monday.Add(24*time.Hour), 36*time.Hour)
	tuesday.SetTargets(7, 30, 0, 0)
	mustPush(t, p, tuesday.End(monday.Add(25*time.Hour), time.Hour, 4, false))
	for series, want := range map[string]string{
		"relock_run_last_start_timestamp_seconds":    "1.7600864e+09",
		"relock_run_last_end_timestamp_seconds":      "1.76009e+09",
		"relock_run_last_success_timestamp_seconds":  "1.76000006e+09",
		"relock_run_every_seconds":                   "129600",
		"relock_run_last_exit_code":                  "4",
		"relock_run_last_duration_seconds":           "3600",
		`relock_run_last_targets{state="pending"}`:   "7",
		`relock_run_last_targets{state="succeeded"}`: "30",
		`relock_run_last_targets{state="failed"}`:    "0",
	} {
		if got := g.Series(night)[series]; got != want {
			t.Errorf("%s is %q, want %q", series, got, want)
		}
	}
}

func TestSchedulesDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	g, p := gateway(t, "eu-west-1_AbCdEf123,eu-west-1_Other0001")
	q := *p
	q.group = "a/b"
	mustPush(t, p, NewRun(time.Now(), time.Hour).Going(time.Now()))
	mustPush(t, &q, NewRun(time.Now(), time.Hour).Going(time.Now()))
	got := g.Groups()
	slices.Sort(got)
	// A value with a slash goes in base64: a/b is YS9i.
	want := []string{"job/relock/schedule/eu-west-1_AbCdEf123,eu-west-1_Other0001", "job/relock/schedule@base64/YS9i"}
	if !slices.Equal(got, want) {
		t.Errorf("the groups are %q, want %q", got, want)
	}
}

func TestWhatIsTrueForAMomentIsNotPushed(t *testing.T) {
	t.Parallel()
	g, p := gateway(t, "night")
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(collectors.NewGoCollector())
	m := NewMetrics(r, testSets())
	m.SetActive(true)
	m.SetJob("j", 1, 2, 3, 4)
	m.SetPace("AdminResetUserPassword", Pace{Pace: 24, Budget: 24, Quota: 30})
	m.SetBound("quota")
	m.Outcome(job.Reset, false, time.Unix(1_760_000_000, 0))
	m.SetHalted(job.HaltAccessDenied)
	mustPush(t, p, Lasting(r))
	got := g.Series(night)
	for series, want := range map[string]string{
		`relock_users_total{outcome="reset"}`:               "1",
		"relock_outcome_last_timestamp_seconds":             "1.76e+09",
		`relock_halted{reason="access_denied"}`:             "1",
		`relock_halted{reason="credentials"}`:               "0",
		"relock_active":                                     "",
		`relock_job_targets{reset_job="j",state="pending"}`: "",
		"go_goroutines":                                     "",
	} {
		if got[series] != want {
			t.Errorf("%s is %q, want %q", series, got[series], want)
		}
	}
	for series := range got {
		if name, _, _ := strings.Cut(strings.TrimPrefix(series, "relock_"), "{"); momentary[name] || !strings.HasPrefix(series, "relock_") {
			t.Errorf("%s was pushed", series)
		}
	}
}

func TestAPushIsTriedAgain(t *testing.T) {
	t.Parallel()
	g, p := gateway(t, "night")
	p.again = time.Millisecond
	g.Refuse(tries - 1)
	mustPush(t, p, NewRun(time.Now(), time.Hour).Going(time.Now()))
	if got := g.Pushes(); got != tries {
		t.Errorf("%d pushes, want %d", got, tries)
	}
	g.Refuse(100)
	err := p.Push(t.Context(), NewRun(time.Now(), time.Hour).Going(time.Now()))
	if err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a gateway that refuses for good: %v, want its status", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Push(ctx, NewRun(time.Now(), time.Hour).Going(time.Now())); err == nil {
		t.Error("a push that was called off is no error")
	}
}

func TestAGatewayThatRedirectsTookNothing(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/login" {
			http.Redirect(w, r, "/login", http.StatusFound)
		}
	}))
	defer server.Close()
	p, err := NewPusher(server.URL, "night")
	if err != nil {
		t.Fatal(err)
	}
	p.client.Transport = &http.Transport{DisableKeepAlives: true}
	if err := p.push(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("the error is %v, want the status", err)
	}
}

func TestThePasswordGoesToTheGatewayAlone(t *testing.T) {
	t.Parallel()
	g := &pushfake.Gateway{}
	server := httptest.NewServer(g)
	defer server.Close()
	p, err := NewPusher(strings.Replace(server.URL, "http://", "http://ops:sesame@", 1), "night")
	if err != nil {
		t.Fatal(err)
	}
	p.client.Transport = &http.Transport{DisableKeepAlives: true}
	g.Refuse(100)
	err = p.push(t.Context(), nil)
	if err == nil || strings.Contains(err.Error(), "sesame") || strings.Contains(p.Address(), "sesame") {
		t.Errorf("the error is %v, the address %s", err, p.Address())
	}
	if want := "Basic b3BzOnNlc2FtZQ=="; g.Auth() != want { // ops:sesame
		t.Errorf("the header is %q, want %q", g.Auth(), want)
	}
	for _, bad := range []string{"", "gateway:9091", "ftp://u:sesame@h", "http://u:sesame@h:x", "http://", "http://h/metrics/job/x", "http://u:sesame@h?x=1"} {
		if _, err := NewPusher(bad, "night"); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: %v, want an error that repeats no password", bad, err)
		}
	}
	if _, err := NewPusher("http://h", " "); err == nil {
		t.Error("an empty group is accepted")
	}
}
