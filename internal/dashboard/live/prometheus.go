package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// errEmpty says that a query has no result yet.
var errEmpty = errors.New("the query has no result")

// prometheus asks a Prometheus by its HTTP API.
type prometheus struct{ base string }

// result is one series of an answer: a sample, or several.
type result struct {
	Metric map[string]string    `json:"metric"`
	Value  [2]json.RawMessage   `json:"value"`
	Values [][2]json.RawMessage `json:"values"`
}

func (p prometheus) get(ctx context.Context, path string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path+"?"+form.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking Prometheus: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // read in full below
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("reading Prometheus's answer (%s): %w", res.Status, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("prometheus: %s: %s", form.Get("query"), answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// ready reports whether Prometheus answers, and has its rules.
func (p prometheus) ready(ctx context.Context) bool {
	var data struct {
		Groups []struct {
			LastEvaluation time.Time `json:"lastEvaluation"`
		} `json:"groups"`
	}
	return p.get(ctx, "/api/v1/rules", nil, &data) == nil && len(data.Groups) == 2
}

// runbook follows the link of an alert that fires: the runbook, with its section.
func (p prometheus) runbook(ctx context.Context, alert string) error {
	var data struct {
		Alerts []struct{ Labels, Annotations map[string]string }
	}
	if err := p.get(ctx, "/api/v1/alerts", nil, &data); err != nil {
		return err
	}
	for _, a := range data.Alerts {
		if a.Labels["alertname"] == alert {
			return follow(ctx, a.Annotations["runbook_url"], alert)
		}
	}
	return fmt.Errorf("%s does not fire", alert)
}

func follow(ctx context.Context, link, alert string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return fmt.Errorf("the runbook of %s: %w", alert, err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the runbook of %s: %w", alert, err)
	}
	defer func() { _ = res.Body.Close() }() // read in full below
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("the runbook of %s: %w", alert, err)
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(string(text), "\n### "+alert+"\n") || !strings.HasSuffix(link, "#"+strings.ToLower(alert)) {
		return fmt.Errorf("the runbook of %s is not at %s: %s, %d bytes", alert, link, res.Status, len(text))
	}
	return nil
}

// instant asks for the values of now.
func (p prometheus) instant(ctx context.Context, query string) ([]result, error) {
	var data struct{ Result []result }
	err := p.get(ctx, "/api/v1/query", url.Values{"query": {query}}, &data)
	return data.Result, err
}

// over asks for values from begin until now.
func (p prometheus) over(ctx context.Context, query string, begin time.Time) ([]result, error) {
	var data struct{ Result []result }
	err := p.get(ctx, "/api/v1/query_range", url.Values{
		"query": {query}, "start": {strconv.FormatInt(begin.Unix(), 10)}, "end": {strconv.FormatInt(time.Now().Unix(), 10)}, "step": {"15"},
	}, &data)
	return data.Result, err
}

// number is the one value of a query.
func (p prometheus) number(ctx context.Context, query string) (float64, error) {
	rs, err := p.instant(ctx, query)
	switch {
	case err != nil:
		return 0, err
	case len(rs) != 1:
		return 0, fmt.Errorf("%w: %d series for %s", errEmpty, len(rs), query)
	}
	return value(rs[0].Value), nil
}

// value reads a sample; NaN is what cannot be read.
func value(sample [2]json.RawMessage) float64 {
	var text string
	if err := json.Unmarshal(sample[1], &text); err != nil {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// samples counts the values of an answer that are numbers.
func samples(rs []result) (n int) {
	for _, r := range rs {
		for _, s := range append(r.Values, r.Value) {
			if s[1] != nil && !math.IsNaN(value(s)) {
				n++
			}
		}
	}
	return n
}

// firing lists the alerts that fire now, fired those that ever did.
func (p prometheus) firing(ctx context.Context) ([]string, error) {
	return p.alerts(ctx, `ALERTS{alertstate="firing"}`)
}

func (p prometheus) fired(ctx context.Context) ([]string, error) {
	return p.alerts(ctx, `max_over_time(ALERTS{alertstate="firing"}[1h])`)
}

func (p prometheus) alerts(ctx context.Context, query string) ([]string, error) {
	rs, err := p.instant(ctx, query)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range rs {
		names = append(names, r.Metric["alertname"])
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// keys are the credentials of this program at the sandbox.
type keys struct{}

// Retrieve implements aws.CredentialsProvider.
func (keys) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: "secret"}, nil
}
