package dashboard

import (
	"strings"
	"testing"
)

// first is the first panel of a type.
func first(d *Dashboard, kind string) *Panel {
	for i := range d.Panels {
		if d.Panels[i].Type == kind {
			return &d.Panels[i]
		}
	}
	panic("no panel " + kind)
}

// variable is a variable by name.
func variable(d *Dashboard, name string) *Variable {
	for i := range d.Templating.List {
		if d.Templating.List[i].Name == name {
			return &d.Templating.List[i]
		}
	}
	panic("no variable " + name)
}

// Each rule is violated on purpose, in the dashboard as it is.
func TestLintFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(d *Dashboard)
		want  string
	}{
		"the data source is no variable": {func(d *Dashboard) { d.Templating.List = d.Templating.List[1:] }, "no variable datasource"},
		"a data source of another kind":  {func(d *Dashboard) { variable(d, "datasource").Query = "loki" }, "no variable datasource"},
		"the job is no variable":         {func(d *Dashboard) { variable(d, "job").Name = "work" }, "no variable job"},
		"the instance is no variable":    {func(d *Dashboard) { variable(d, "instance").Name = "host" }, "no variable instance"},
		"only one job at a time":         {func(d *Dashboard) { variable(d, "job").Multi = false }, "variable job: want a query, with many and all"},
		"all is no choice":               {func(d *Dashboard) { variable(d, "instance").IncludeAll = false }, "variable instance: want a query, with many and all"},
		"a variable that is read once":   {func(d *Dashboard) { variable(d, "job").Refresh = 1 }, "refresh 2"},
		"a variable of one data source":  {func(d *Dashboard) { variable(d, "job").Datasource = &Datasource{"prometheus", "abc"} }, "variable job: the data source"},
		"a panel of one data source": {func(d *Dashboard) { first(d, "stat").Datasource = &Datasource{"prometheus", "abc"} },
			"the data source is not the variable"},
		"a query of one data source": {func(d *Dashboard) { first(d, "stat").Targets[0].Datasource = nil }, "the data source is not the variable"},
		"marks of one data source":   {func(d *Dashboard) { d.Annotations.List[0].Datasource.UID = "abc" }, "annotation Alerts: the data source"},
		"no title":                   {func(d *Dashboard) { first(d, "stat").Title = "" }, "no title"},
		"a title twice":              {func(d *Dashboard) { first(d, "timeseries").Title = first(d, "stat").Title }, "the title is there twice"},
		"no description":             {func(d *Dashboard) { first(d, "table").Description = "" }, "no description"},
		"no unit":                    {func(d *Dashboard) { first(d, "timeseries").FieldConfig.Defaults.Unit = "" }, "no unit"},
		"a unit that Grafana lacks":  {func(d *Dashboard) { first(d, "timeseries").FieldConfig.Defaults.Unit = "users" }, `the unit "users"`},
		"no thresholds":              {func(d *Dashboard) { first(d, "stat").FieldConfig.Defaults.Thresholds.Steps = nil }, "no thresholds"},
		"a colour that says nothing": {func(d *Dashboard) { first(d, "stat").FieldConfig.Defaults.Color["mode"] = "fixed" }, "its colour says nothing"},
		"no query":                   {func(d *Dashboard) { first(d, "stat").Targets = nil }, "no query"},
		"no legend":                  {func(d *Dashboard) { first(d, "timeseries").Targets[0].LegendFormat = "" }, "a query without a legend"},
		"queries of one name": {func(d *Dashboard) {
			p := first(d, "timeseries")
			p.Targets = append(p.Targets, p.Targets[0])
		}, "queries without a name"},
		"a counter without a rate": {query(`sum(relock_users_total{job=~"$job", instance=~"$instance"})`), "the counter relock_users_total is not under rate"},
		"buckets without a rate":   {query(`sum(relock_cognito_request_duration_seconds_bucket{job=~"$job", instance=~"$instance"})`), "is not under rate"},
		"the rate of a gauge":      {query(`rate(relock_pace{job=~"$job", instance=~"$instance"}[$__rate_interval])`), "rate of relock_pace, which is no counter"},
		"a fixed interval":         {query(`rate(relock_users_total{job=~"$job", instance=~"$instance"}[5m])`), "over 5m: want $__rate_interval"},
		"any job":                  {query(`relock_active{instance=~"$instance"}`), "relock_active is not limited to the chosen job"},
		"one job":                  {query(`relock_active{job="relock", instance=~"$instance"}`), "relock_active is not limited to the chosen job"},
		"any instance":             {query(`relock_active{job=~"$job"}`), "relock_active is not limited to the chosen instance"},
		"a series that is not":     {query(`relock_activ{job=~"$job", instance=~"$instance"}`), "there is no series relock_activ"},
		"no series":                {query(`vector(1)`), "no series in vector(1)"},
		"a panel on another":       {func(d *Dashboard) { first(d, "timeseries").GridPos = first(d, "stat").GridPos }, "it lies on"},
		"a panel off the grid":     {func(d *Dashboard) { first(d, "stat").GridPos.X = 23 }, "outside the grid"},
		"an ID twice":              {func(d *Dashboard) { first(d, "timeseries").ID = 1 }, "the ID is there twice"},
		"no runbook":               {func(d *Dashboard) { d.Links = nil }, "dashboard: no link to the runbook"},
		"a panel without a link":   {func(d *Dashboard) { first(d, "timeseries").Links = nil }, `"Targets of open jobs": no link to the runbook`},
		"no word for no value":     {func(d *Dashboard) { first(d, "state-timeline").FieldConfig.Defaults.NoValue = "" }, "what no value means"},
		"all set-ups together":     {query(`max(relock_active{job=~"$job", instance=~"$instance"})`), "all set-ups together"},
		"all namespaces together":  {query(`max by (job) (relock_active{job=~"$job", instance=~"$instance"})`), "(job) does not keep the labels of the set-up"},
		"a link to no section":     {func(d *Dashboard) { first(d, "stat").Links = []Link{{URL: "https://wiki.test/relock#relocktired"}} }, "leads to no section"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := Relock(DefaultRunbook)
			c.spoil(&d)
			wantProblem(t, Lint(d, known(t), sections(t)), c.want)
		})
	}
}

func query(expr string) func(d *Dashboard) {
	return func(d *Dashboard) { first(d, "stat").Targets[0].Expr = expr }
}

func wantProblem(t *testing.T, problems []string, want string) {
	t.Helper()
	for _, p := range problems {
		if strings.Contains(p, want) {
			return
		}
	}
	t.Errorf("found %q, want %q", problems, want)
}

func TestLintRulesFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const halted = "RelockHalted"
	for name, c := range map[string]struct {
		spoil func(r *Rule)
		want  string
	}{
		"a name in another form":     {func(r *Rule) { r.Alert = "relock_halted" }, "the name is not Relock"},
		"no prefix":                  {func(r *Rule) { r.Alert = "Halted" }, "the name is not Relock"},
		"no severity":                {func(r *Rule) { r.Severity = "" }, "the severity"},
		"another severity":           {func(r *Rule) { r.Severity = "page" }, `the severity "page"`},
		"no summary":                 {func(r *Rule) { r.Summary = "" }, "no summary"},
		"a summary of no job":        {func(r *Rule) { r.Summary = "Relock is halted" }, "no summary that names the job"},
		"no description":             {func(r *Rule) { r.Description = "" }, "no description"},
		"no runbook":                 {func(r *Rule) { r.Runbook = "" }, "does not lead to its section"},
		"the section of another":     {func(r *Rule) { r.Runbook = DefaultRunbook + "#relockdeadletters" }, "does not lead to its section"},
		"a section that is not":      {func(r *Rule) { r.Alert, r.Runbook = "RelockTired", DefaultRunbook+"#relocktired" }, "the runbook has no section relocktired"},
		"no time":                    {func(r *Rule) { r.For = "" }, "for how long"},
		"a counter without a rate":   {func(r *Rule) { r.Expr = `max by (job) (relock_users_total) > 0` }, "is not under rate"},
		"a series that is not":       {func(r *Rule) { r.Expr = `max by (job) (relock_halt) > 0` }, "there is no series relock_halt"},
		"all jobs together":          {func(r *Rule) { r.Expr = `max(relock_halted) > 0` }, "all set-ups together"},
		"all namespaces together":    {func(r *Rule) { r.Expr = `max by (job, reason) (relock_halted) > 0` }, "(job, reason) does not keep the labels"},
		"no test":                    {func(r *Rule) { r.Alert = "RelockTired" }, "no unit test sees it fire"},
		"no test that it is silent":  {func(r *Rule) { r.Alert = "RelockTired" }, "no unit test sees it silent"},
		"it is there twice":          {func(r *Rule) { r.Alert = "RelockDeadLetters" }, "it is there twice"},
		"a name that is no record's": {func(r *Rule) { *r = Rule{Record: "relock_eta", Expr: "relock_active"} }, "level:metric:operation"},
		"both":                       {func(r *Rule) { r.Record = "job:relock_x:sum" }, "both records and alerts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			groups := Rules(DefaultRunbook)
			for i := range groups[1].Rules {
				if r := &groups[1].Rules[i]; r.Alert == halted {
					c.spoil(r)
				}
			}
			tests := string(files(t)["rules/relock_test.yml"])
			wantProblem(t, LintRules(groups, known(t), sections(t), tests), c.want)
		})
	}
}

// An alert whose tests see only one side is found.
func TestLintRulesCountsTests(t *testing.T) {
	t.Parallel()
	tests := string(files(t)["rules/relock_test.yml"])
	never := strings.ReplaceAll(tests, "alertname: RelockHalted\n        exp_alerts:\n", "alertname: Other\n        exp_alerts:\n")
	wantProblem(t, LintRules(Rules(DefaultRunbook), known(t), sections(t), never), "RelockHalted: no unit test sees it fire")
	always := strings.ReplaceAll(tests, "alertname: RelockHalted\n        exp_alerts: []\n", "")
	wantProblem(t, LintRules(Rules(DefaultRunbook), known(t), sections(t), always), "RelockHalted: no unit test sees it silent")
}

func TestSections(t *testing.T) {
	t.Parallel()
	got := strings.Join(Sections("# The runbook\ntext\n```\n# a comment\n```\n### daily_email_limit\n## Hour 0: contain\n"), " ")
	if want := "the-runbook daily_email_limit hour-0-contain"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
