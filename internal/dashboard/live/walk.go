package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"relock/internal/dashboard"
)

// walk asks for every query of the dashboard as it was written, as Grafana would.
func (s *scene) walk(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(s.files, "relock.json"))
	if err != nil {
		return err
	}
	var d dashboard.Dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("reading relock.json: %w", err)
	}
	var empty []string
	panels, queries, found := 0, 0, 0
	span := strconv.Itoa(int(time.Since(s.begun).Seconds())) + "s"
	for _, p := range d.Panels {
		if p.Type == "row" {
			continue
		}
		panels++
		for _, t := range p.Targets {
			queries++
			n, err := s.ask(ctx, t, span)
			if err != nil {
				return fmt.Errorf("panel %q: %w", p.Title, err)
			}
			if found += n; n == 0 {
				empty = append(empty, fmt.Sprintf("%q (%s)", p.Title, t.RefID))
			}
		}
	}
	variables, err := s.variables(ctx, d)
	if err != nil {
		return err
	}
	marks, err := s.prom.over(ctx, dashboard.Substitute(d.Annotations.List[0].Expr, "20s", span), s.begun)
	if err != nil {
		return err
	}
	fmt.Printf("        %d panels, %d queries, %d samples, %d empty; %s; %d alerts as marks\n", panels, queries, found, len(empty), variables, len(marks))
	if len(empty) > 0 || len(marks) == 0 {
		return fmt.Errorf("no data for: %s", strings.Join(empty, ", "))
	}
	return nil
}

// ask counts the samples of a query. $__rate_interval is four scrapes, as Grafana
// has it.
func (s *scene) ask(ctx context.Context, t dashboard.Target, span string) (int, error) {
	query := dashboard.Substitute(t.Expr, "20s", span)
	var rs []result
	var err error
	if t.Instant {
		rs, err = s.prom.instant(ctx, query)
	} else {
		rs, err = s.prom.over(ctx, query, s.begun)
	}
	return samples(rs), err
}

// variables asks for what can be chosen at the top.
func (s *scene) variables(ctx context.Context, d dashboard.Dashboard) (string, error) {
	var said []string
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		inner, ok := strings.CutPrefix(strings.TrimSuffix(v.Definition, ")"), "label_values(")
		i := strings.LastIndex(inner, ",")
		if !ok || i < 0 {
			return "", fmt.Errorf("variable %s: %q is not label_values(series, label)", v.Name, v.Definition)
		}
		var values []string
		form := url.Values{"match[]": {dashboard.Substitute(inner[:i], "", "")}}
		if err := s.prom.get(ctx, "/api/v1/label/"+strings.TrimSpace(inner[i+1:])+"/values", form, &values); err != nil {
			return "", err
		}
		if len(values) == 0 {
			return "", fmt.Errorf("variable %s: nothing to choose", v.Name)
		}
		said = append(said, fmt.Sprintf("%d to choose for %s", len(values), v.Name))
	}
	return strings.Join(said, ", "), nil
}
