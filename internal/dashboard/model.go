package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// schemaVersion is that of Grafana 11.0. A newer Grafana brings an older model up
// to date when it reads it; an older one would misread a newer model. Source: the
// dashboard migrations of grafana/grafana, DashboardMigrator.
const schemaVersion = 39

// Dashboard is the part of Grafana's classic dashboard model that is used.
type Dashboard struct {
	ID            *int        `json:"id"` // null: Grafana gives one
	UID           string      `json:"uid"`
	Title         string      `json:"title"`
	Description   string      `json:"description"`
	Tags          []string    `json:"tags"`
	Editable      bool        `json:"editable"`
	GraphTooltip  int         `json:"graphTooltip"` // 1: a cursor in all panels at once
	Refresh       string      `json:"refresh"`
	SchemaVersion int         `json:"schemaVersion"`
	Time          TimeRange   `json:"time"`
	Timezone      string      `json:"timezone"`
	Links         []Link      `json:"links"`
	Annotations   Annotations `json:"annotations"`
	Templating    Templating  `json:"templating"`
	Panels        []Panel     `json:"panels"`
	Version       int         `json:"version"`
}

// TimeRange is what a dashboard shows at first.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Link leads out of the dashboard or of a panel. Panels leave out all but title,
// URL and target.
type Link struct {
	Title       string   `json:"title"`
	URL         string   `json:"url"`
	TargetBlank bool     `json:"targetBlank"`
	Type        string   `json:"type,omitempty"`
	Icon        string   `json:"icon,omitempty"`
	Tooltip     string   `json:"tooltip,omitempty"`
	Tags        []string `json:"tags,omitempty"`
}

// Annotations is the marks on the time axis.
type Annotations struct {
	List []Annotation `json:"list"`
}

// Annotation is one kind of mark.
type Annotation struct {
	Name       string     `json:"name"`
	Datasource Datasource `json:"datasource"`
	Enable     bool       `json:"enable"`
	Expr       string     `json:"expr"`
	IconColor  string     `json:"iconColor"`
	Step       string     `json:"step"`
	TagKeys    string     `json:"tagKeys"`
	TitleFmt   string     `json:"titleFormat"`
	TextFmt    string     `json:"textFormat"`
}

// Datasource names where a query goes.
type Datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Templating is the variables.
type Templating struct {
	List []Variable `json:"list"`
}

// Variable is chosen at the top of the dashboard.
type Variable struct {
	Name       string      `json:"name"`
	Label      string      `json:"label"`
	Type       string      `json:"type"` // datasource or query
	Datasource *Datasource `json:"datasource,omitempty"`
	Query      any         `json:"query"`
	Definition string      `json:"definition,omitempty"`
	Refresh    int         `json:"refresh"` // 2: when the time range changes
	Sort       int         `json:"sort"`
	Multi      bool        `json:"multi"`
	IncludeAll bool        `json:"includeAll"`
	AllValue   string      `json:"allValue,omitempty"`
	Current    *Current    `json:"current,omitempty"`
	Hide       int         `json:"hide"`
	Regex      string      `json:"regex"`
}

// Current is a variable's value at first.
type Current struct {
	Text  any `json:"text"`
	Value any `json:"value"`
}

// Panel is one picture, or the heading of a row (Type "row").
type Panel struct {
	ID          int            `json:"id"`
	Type        string         `json:"type"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	GridPos     GridPos        `json:"gridPos"`
	Datasource  *Datasource    `json:"datasource,omitempty"`
	Targets     []Target       `json:"targets,omitempty"`
	FieldConfig *FieldConfig   `json:"fieldConfig,omitempty"`
	Options     map[string]any `json:"options,omitempty"`
	Links       []Link         `json:"links,omitempty"`
	// Transformations are those of tables.
	Transformations []map[string]any `json:"transformations,omitempty"`
	// Of a row. Panels is empty: an open row has those that follow it.
	Collapsed *bool    `json:"collapsed,omitempty"`
	Panels    *[]Panel `json:"panels,omitempty"`
}

// GridPos is where a panel is, on a grid 24 wide.
type GridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// Target is one query of a panel.
type Target struct {
	RefID        string      `json:"refId"`
	Datasource   *Datasource `json:"datasource,omitempty"`
	Expr         string      `json:"expr"`
	LegendFormat string      `json:"legendFormat,omitempty"`
	Format       string      `json:"format,omitempty"`
	Instant      bool        `json:"instant"`
	Range        bool        `json:"range"`
	EditorMode   string      `json:"editorMode"`
}

// FieldConfig says how values look.
type FieldConfig struct {
	Defaults  Field            `json:"defaults"`
	Overrides []map[string]any `json:"overrides"`
}

// Field is how one value looks.
type Field struct {
	Unit       string           `json:"unit"`
	Min        *float64         `json:"min,omitempty"`
	Max        *float64         `json:"max,omitempty"`
	Decimals   *int             `json:"decimals,omitempty"`
	NoValue    string           `json:"noValue,omitempty"`
	Color      map[string]any   `json:"color"`
	Mappings   []map[string]any `json:"mappings"`
	Thresholds Thresholds       `json:"thresholds"`
	Custom     map[string]any   `json:"custom,omitempty"`
}

// Thresholds colour values.
type Thresholds struct {
	Mode  string `json:"mode"`
	Steps []Step `json:"steps"`
}

// Step is the colour from Value on; the first has none.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// JSON is the dashboard as Grafana imports it.
func (d Dashboard) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // queries compare
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("writing the dashboard: %w", err)
	}
	return b.Bytes(), nil
}
