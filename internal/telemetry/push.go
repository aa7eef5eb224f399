package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

const (
	// PushJob is the label job of everything that is pushed.
	PushJob = "relock"
	// PushGroup is the label of the grouping key that tells one schedule from
	// another, so that neither overwrites the other's last success.
	PushGroup = "schedule"
)

// Pusher sends metrics to a Pushgateway.
type Pusher struct {
	url, user, password string
	hasUser             bool
	group               string
	client              *http.Client
	again               time.Duration // from one try to the next
}

// NewPusher checks the gateway's URL, which may hold a user and a password for
// HTTP's basic authentication. The error never repeats them.
func NewPusher(gateway, group string) (*Pusher, error) {
	u, err := url.Parse(gateway)
	switch {
	case err != nil:
		// url.Parse's error repeats the whole text.
		return nil, errors.New("not a URL: want http://HOST:PORT or https://HOST:PORT")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("want http://HOST:PORT or https://HOST:PORT")
	case u.RawQuery != "" || u.Fragment != "" || strings.Contains(u.Path, "/metrics/job"):
		return nil, errors.New("want the gateway's address alone; /metrics/job/… is added")
	case strings.TrimSpace(group) == "":
		return nil, errors.New("the group is empty")
	}
	p := &Pusher{group: group, again: time.Second, client: &http.Client{
		// A gateway does not redirect, and a POST that is redirected becomes a GET,
		// whose 200 would count as a push.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if u.User != nil {
		p.hasUser, p.user = true, u.User.Username()
		p.password, _ = u.User.Password()
		u.User = nil
	}
	p.url = strings.TrimSuffix(u.String(), "/")
	return p, nil
}

// Address is the gateway's, without user and password.
func (p *Pusher) Address() string { return p.url }

// format is Prometheus's text format, which people, proxies and every version of
// the gateway can read. Native histograms get lost in it; nobody takes a rate of
// what is pushed once.
const format = "text/plain; version=0.0.4; charset=utf-8"

// tries is how often a push is sent at most: one that is lost raises a false alarm
// until the schedule's next run.
const tries = 3

// Push replaces the series of the same names in the group, and keeps the others
// (a POST). It tries again, a second later, until ctx ends.
func (p *Pusher) Push(ctx context.Context, from ...prometheus.Gatherer) error {
	for try := 1; ; try++ {
		err := p.push(ctx, from)
		if err == nil || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(p.again):
		}
	}
}

func (p *Pusher) push(ctx context.Context, from []prometheus.Gatherer) error {
	out := push.New(p.url, PushJob).Grouping(PushGroup, p.group).Client(p.client).Format(format)
	if p.hasUser {
		out.BasicAuth(p.user, p.password)
	}
	for _, g := range from {
		out.Gatherer(g)
	}
	if err := out.AddContext(ctx); err != nil {
		return fmt.Errorf("pushing metrics: %w", err)
	}
	return nil
}

// momentary lists the series that are true of a process only while it lives.
// Pushed, they would stay as they were for ever: a worker that is active, a pace, a
// job that is open. What Go and the kernel tell of the process goes the same way.
var momentary = map[string]bool{
	"active": true, "in_flight": true, "pace": true, "budget": true, "budget_bound": true,
	"quota": true, "queue_messages": true, "queue_retention_seconds": true, "dead_letter_messages": true,
	"job_targets": true, "job_sign_outs_pending": true, "job_created_timestamp_seconds": true, "job_paused": true, "drain": true,
}

// Lasting is what g has to say that stays true after the process: counts, times,
// and the halt that ended it.
func Lasting(g prometheus.Gatherer) prometheus.Gatherer {
	return prometheus.GathererFunc(only(g.Gather, func(name string) bool {
		name, ours := strings.CutPrefix(name, namespace+"_")
		return ours && !momentary[name]
	}))
}

// only leaves out families. F is that of the Prometheus client's data model, a
// module that is not imported for its name alone.
func only[F interface{ GetName() string }](gather func() ([]F, error), keep func(name string) bool) func() ([]F, error) {
	return func() ([]F, error) {
		all, err := gather()
		if err != nil {
			return nil, fmt.Errorf("gathering metrics: %w", err)
		}
		var kept []F
		for _, f := range all {
			if keep(f.GetName()) {
				kept = append(kept, f)
			}
		}
		return kept, nil
	}
}
