package dashboard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// units are those of Grafana's that may be used. Source: valueFormats/categories.ts
// of grafana/grafana.
var units = []string{"none", "short", "percentunit", "bytes", "s", "cps", "reqps"}

var (
	// grouping finds the labels that an aggregation or a join keeps.
	grouping = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
	// bare finds an aggregation that keeps no label.
	bare = regexp.MustCompile(`\b(?:sum|min|max|avg|count) ?\(`)
)

// Lint holds a dashboard against the rules that grafana/dashboard-linter has for
// dashboards that others install, and some of ours. known says which series there
// are; sections are the fragments of the runbook.
func Lint(d Dashboard, known map[string]Kind, sections []string) []string {
	l := &linter{known: known, sections: sections}
	l.variables(d.Templating.List)
	if len(d.Links) == 0 {
		l.say("dashboard: no link to the runbook")
	}
	for _, a := range d.Annotations.List {
		l.where = "annotation " + a.Name
		l.datasource(&a.Datasource)
	}
	ids, titles := map[int]bool{}, map[string]bool{}
	var placed []Panel
	for _, p := range d.Panels {
		l.where = fmt.Sprintf("panel %d %q", p.ID, p.Title)
		if ids[p.ID] {
			l.say("the ID is there twice")
		}
		ids[p.ID] = true
		if p.Title == "" {
			l.say("no title")
		} else if titles[p.Title] {
			l.say("the title is there twice")
		}
		titles[p.Title] = true
		l.place(p, placed)
		placed = append(placed, p)
		if p.Type != "row" {
			l.panel(p)
		}
	}
	return l.problems
}

type linter struct {
	known    map[string]Kind
	sections []string
	where    string
	problems []string
}

func (l *linter) say(format string, args ...any) {
	l.problems = append(l.problems, strings.TrimPrefix(l.where+": "+fmt.Sprintf(format, args...), ": "))
}

func (l *linter) datasource(d *Datasource) {
	if d == nil || *d != source {
		l.say("the data source is not the variable %s", source.UID)
	}
}

// variables: data source, job and instance can be chosen, all of them too.
func (l *linter) variables(list []Variable) {
	by := map[string]Variable{}
	for _, v := range list {
		by[v.Name] = v
	}
	if v := by["datasource"]; v.Type != "datasource" || v.Query != "prometheus" {
		l.say("dashboard: no variable datasource of Prometheus data sources")
	}
	for _, name := range []string{"job", "instance"} {
		v, ok := by[name]
		if !ok {
			l.say("dashboard: no variable %s", name)
			continue
		}
		l.where = "variable " + name
		if v.Type != "query" || !v.Multi || !v.IncludeAll || v.AllValue == "" {
			l.say("want a query, with many and all to choose")
		}
		if v.Refresh != 2 {
			l.say("want it read again when the time range changes (refresh 2)")
		}
		l.datasource(v.Datasource)
		l.where = ""
	}
}

// place: panels lie on the grid, and not on each other.
func (l *linter) place(p Panel, others []Panel) {
	g := p.GridPos
	if g.W < 1 || g.H < 1 || g.X < 0 || g.Y < 0 || g.X+g.W > 24 {
		l.say("it lies outside the grid: %+v", g)
	}
	for _, o := range others {
		k := o.GridPos
		if g.X < k.X+k.W && k.X < g.X+g.W && g.Y < k.Y+k.H && k.Y < g.Y+g.H {
			l.say("it lies on %q", o.Title)
		}
	}
}

func (l *linter) panel(p Panel) {
	if p.Description == "" {
		l.say("no description")
	}
	l.datasource(p.Datasource)
	switch f := p.FieldConfig; {
	case f == nil || f.Defaults.Unit == "":
		l.say("no unit")
	case !slices.Contains(units, f.Defaults.Unit):
		l.say("the unit %q is not one that is used here", f.Defaults.Unit)
	case len(f.Defaults.Thresholds.Steps) == 0 || f.Defaults.Thresholds.Steps[0].Value != nil:
		l.say("no thresholds with a base colour")
	case slices.Contains([]string{"stat", "bargauge", "state-timeline"}, p.Type) && f.Defaults.Color["mode"] != "thresholds":
		l.say("its colour says nothing: want it from thresholds")
	}
	for _, link := range p.Links {
		if _, fragment, ok := strings.Cut(link.URL, "#"); !ok || !slices.Contains(l.sections, fragment) {
			l.say("the link %s leads to no section of the runbook", link.URL)
		}
	}
	if len(p.Links) == 0 {
		l.say("no link to the runbook")
	}
	if slices.Contains([]string{"stat", "bargauge", "state-timeline", "table"}, p.Type) && (p.FieldConfig == nil || p.FieldConfig.Defaults.NoValue == "") {
		l.say("it does not say what no value means (noValue)")
	}
	if len(p.Targets) == 0 {
		l.say("no query")
	}
	refs := map[string]bool{}
	for _, t := range p.Targets {
		if t.RefID == "" || refs[t.RefID] {
			l.say("queries without a name of their own (refId)")
		}
		refs[t.RefID] = true
		l.datasource(t.Datasource)
		if t.LegendFormat == "" && p.Type != "table" {
			l.say("a query without a legend")
		}
		l.query(t.Expr, true)
	}
}

// kept: no aggregation or join of a query hides one set-up behind another.
func (l *linter) kept(expr string) {
	for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
		if !strings.HasPrefix(g[1], setUp) && g[1] != "le" { // a heatmap shows one distribution
			l.say("(%s) does not keep the labels of the set-up: %s", g[1], setUp)
		}
	}
	if bare.MatchString(expr) {
		l.say("all set-ups together: %s", expr)
	}
}

// query: series exist; counters stand under a rate, gauges do not; in a dashboard
// every series is that of the chosen job and instance, and a rate is over
// $__rate_interval.
func (l *linter) query(expr string, chosen bool) {
	used := selectors(expr)
	if len(used) == 0 {
		l.say("no series in %s", expr)
	}
	l.kept(expr)
	for _, s := range used {
		kind, ok := l.known[s.metric]
		rated := slices.Contains([]string{"rate", "irate", "increase"}, s.function)
		switch {
		case !ok:
			l.say("there is no series %s", s.metric)
		case kind == Counter && !rated:
			l.say("the counter %s is not under rate or increase", s.metric)
		case kind != Counter && rated:
			l.say("%s of %s, which is no counter", s.function, s.metric)
		}
		if !chosen {
			continue
		}
		if !strings.Contains(s.matchers, `job=~"$job"`) {
			l.say("%s is not limited to the chosen job", s.metric)
		}
		if kind != Recorded && s.metric != "ALERTS" && !strings.Contains(s.matchers, `instance=~"$instance"`) {
			l.say("%s is not limited to the chosen instance", s.metric)
		}
		if (s.function == "rate" || s.function == "irate") && s.window != "$__rate_interval" {
			l.say("%s of %s over %s: want $__rate_interval", s.function, s.metric, s.window)
		}
	}
}
