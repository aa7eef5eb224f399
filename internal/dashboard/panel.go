package dashboard

// source is the variable that names the data source.
var source = Datasource{Type: "prometheus", UID: "${datasource}"}

// Colours, as Grafana names them.
const (
	green, yellow, red, blue = "green", "yellow", "red", "blue"
	clear                    = "transparent"
)

// board lays panels out, from left to right and from top to bottom.
type board struct {
	panels     []Panel
	x, y, tall int
}

// row begins a row with a heading.
func (b *board) row(title string) {
	b.wrap()
	b.put(Panel{Type: "row", Title: title, Collapsed: new(false), Panels: &[]Panel{}}, 24, 1)
	b.wrap()
}

func (b *board) wrap() {
	b.x, b.y, b.tall = 0, b.y+b.tall, 0
}

// put places a panel w wide and h high.
func (b *board) put(p Panel, w, h int) {
	if b.x+w > 24 {
		b.wrap()
	}
	p.ID = len(b.panels) + 1
	p.GridPos = GridPos{H: h, W: w, X: b.x, Y: b.y}
	b.x, b.tall = b.x+w, max(b.tall, h)
	b.panels = append(b.panels, p)
}

// change alters a panel that is being made.
type change func(*Panel)

func (b *board) panel(kind, title, description string, targets []Target, options map[string]any, changes ...change) Panel {
	for i := range targets {
		targets[i].RefID = string(rune('A' + i))
		targets[i].Datasource = &source
		targets[i].EditorMode = "code"
	}
	p := Panel{
		Type: kind, Title: title, Description: description, Datasource: &source, Targets: targets, Options: options,
		FieldConfig: &FieldConfig{
			Defaults: Field{
				Unit: "short", Color: map[string]any{"mode": "palette-classic"}, Mappings: []map[string]any{},
				Thresholds: Thresholds{Mode: "absolute", Steps: []Step{{Color: green}}},
			},
			Overrides: []map[string]any{},
		},
	}
	for _, c := range changes {
		c(&p)
	}
	if len(p.Links) == 0 {
		b.helped("Alerts")(&p)
	}
	return p
}

// ranged is a query over the time that is shown, instant one of its end.
func ranged(legend, expr string) Target {
	return Target{Expr: fill(expr), LegendFormat: legend, Range: true}
}

func instant(legend, expr string) Target {
	return Target{Expr: fill(expr), LegendFormat: legend, Instant: true}
}

func (b *board) stat(title, description string, t Target, changes ...change) {
	b.put(b.panel("stat", title, description, []Target{t}, map[string]any{
		"colorMode": "background", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}, append([]change{coloured}, changes...)...), 4, 4)
}

// coloured takes the colour from the thresholds.
func coloured(p *Panel) { p.FieldConfig.Defaults.Color = map[string]any{"mode": "thresholds"} }

func (b *board) bars(title, description string, t Target, w int, changes ...change) {
	b.put(b.panel("bargauge", title, description, []Target{t}, map[string]any{
		"displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "minVizHeight": 16, "minVizWidth": 8,
		"namePlacement": "auto", "sizing": "auto", "valueMode": "color",
		"legend":        map[string]any{"calcs": []string{}, "displayMode": "list", "placement": "bottom", "showLegend": false},
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}, append([]change{coloured}, changes...)...), w, 8)
}

func (b *board) series(title, description string, targets []Target, w int, changes ...change) {
	lines := func(p *Panel) {
		p.FieldConfig.Defaults.Custom = map[string]any{
			"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never",
			"spanNulls": false, "stacking": map[string]any{"group": "A", "mode": "none"}, "axisPlacement": "auto",
			"thresholdsStyle": map[string]any{"mode": "off"},
		}
	}
	b.put(b.panel("timeseries", title, description, targets, map[string]any{
		"legend":  map[string]any{"calcs": []string{"lastNotNull", "max"}, "displayMode": "table", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}, append([]change{lines}, changes...)...), w, 8)
}

func (b *board) states(title, description string, t Target, w int, changes ...change) {
	fill := func(p *Panel) {
		p.FieldConfig.Defaults.Custom = map[string]any{"fillOpacity": 70, "lineWidth": 0}
	}
	b.put(b.panel("state-timeline", title, description, []Target{t}, map[string]any{
		"alignValue": "left", "mergeValues": true, "rowHeight": 0.9, "showValue": "never",
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": false},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}, append([]change{coloured, fill}, changes...)...), w, 8)
}

func (b *board) heatmap(title, description string, t Target, w int, changes ...change) {
	t.Format = "heatmap"
	b.put(b.panel("heatmap", title, description, []Target{t}, map[string]any{
		"calculate": false, "cellGap": 1, "color": map[string]any{"mode": "scheme", "scheme": "Oranges", "scale": "exponential", "exponent": 0.5, "steps": 64},
		"rowsFrame": map[string]any{"layout": "auto"}, "showValue": "never", "legend": map[string]any{"show": true},
		"tooltip": map[string]any{"mode": "single", "yHistogram": false, "showColorScale": false},
		"yAxis":   map[string]any{"axisPlacement": "left", "unit": "s"}, "filterValues": map[string]any{"le": 1e-9}, "exemplars": map[string]any{"color": "rgba(255,0,255,0.7)"},
	}, changes...), w, 8)
}

func (b *board) table(title, description string, t Target, w int, hidden []string, changes ...change) {
	t.Format = "table"
	exclude := map[string]bool{"Time": true, "Value": true}
	for _, h := range hidden {
		exclude[h] = true
	}
	p := b.panel("table", title, description, []Target{t}, map[string]any{
		"cellHeight": "sm", "showHeader": true, "footer": map[string]any{"show": false, "reducer": []string{"sum"}, "countRows": false, "fields": ""},
	}, changes...)
	p.Transformations = []map[string]any{{"id": "organize", "options": map[string]any{"excludeByName": exclude, "indexByName": map[string]int{}, "renameByName": map[string]string{}}}}
	b.put(p, w, 8)
}

// unit is one that Grafana knows by that name.
func unit(u string) change { return func(p *Panel) { p.FieldConfig.Defaults.Unit = u } }

// from0 starts the axis at zero.
func from0(p *Panel) { p.FieldConfig.Defaults.Min = new(0.0) }

// share is a value between 0 and 1.
func share(p *Panel) {
	unit("percentunit")(p)
	from0(p)
	p.FieldConfig.Defaults.Max = new(1.0)
}

func decimals(n int) change { return func(p *Panel) { p.FieldConfig.Defaults.Decimals = new(n) } }

// stacked piles the lines up.
func stacked(p *Panel) {
	p.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"group": "A", "mode": "normal"}
	p.FieldConfig.Defaults.Custom["fillOpacity"] = 40
}

// none is what is shown where there is no value.
func none(text string) change { return func(p *Panel) { p.FieldConfig.Defaults.NoValue = text } }

// limit is a colour from a value on.
type limit struct {
	from  float64
	color string
}

// limits are colours over the base colour.
func limits(base string, over ...limit) change {
	return func(p *Panel) {
		steps := []Step{{Color: base}}
		for _, l := range over {
			steps = append(steps, Step{Color: l.color, Value: &l.from})
		}
		p.FieldConfig.Defaults.Thresholds.Steps = steps
		if c := p.FieldConfig.Defaults.Custom; c["thresholdsStyle"] != nil {
			c["thresholdsStyle"] = map[string]any{"mode": "dashed"}
		}
	}
}

// words shows a text for a value.
type words struct{ value, text, color string }

func mapped(ws ...words) change {
	return func(p *Panel) {
		options := map[string]any{}
		for i, w := range ws {
			options[w.value] = map[string]any{"color": w.color, "index": i, "text": w.text}
		}
		p.FieldConfig.Defaults.Mappings = []map[string]any{{"type": "value", "options": options}}
	}
}

// dashed draws the series that a legend names with a dashed line of a colour.
func dashed(name, color string) change {
	return func(p *Panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, map[string]any{
			"matcher": map[string]any{"id": "byRegexp", "options": "/^" + name + "/"},
			"properties": []map[string]any{
				{"id": "custom.lineStyle", "value": map[string]any{"dash": []int{8, 8}, "fill": "dash"}},
				{"id": "custom.fillOpacity", "value": 0},
				{"id": "color", "value": map[string]any{"mode": "fixed", "fixedColor": color}},
			},
		})
	}
}

// runbookURL is the address of the runbook, which the variable holds. Without raw,
// Grafana would encode its slashes.
const runbookURL = "${runbook:raw}"

// helped leads to sections of the runbook.
func (b *board) helped(sections ...string) change {
	return func(p *Panel) {
		for _, s := range sections {
			p.Links = append(p.Links, Link{Title: "Runbook: " + s, URL: runbookURL + "#" + anchor(s), TargetBlank: true})
		}
	}
}
