package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
)

// colour is one role of the palette, in both themes. A test computes the contrast
// of every pair that meets on a page.
type colour struct{ name, light, dark string }

// palette is what style.css refers to as var(--name). The colours of the charts are
// told apart by people with the common colour blindnesses, too, for they differ in
// lightness, and lines differ in their dashes.
var palette = []colour{
	{"paper", "#ffffff", "#10151b"},
	{"panel", "#f4f6f8", "#1a212a"},
	{"ink", "#161b22", "#e7ecf2"},
	{"quiet", "#505a66", "#a3aebb"},
	{"rule", "#ccd3db", "#364250"},
	{"link", "#0b4fb3", "#8ab8ff"},
	{"good", "#0f6b3a", "#58c78d"},
	{"bad", "#b1261b", "#ff9184"},
	{"warn", "#7f5200", "#eab54f"},
	{"other", "#66707c", "#8d99a6"},
	{"goodpanel", "#e6f4ec", "#12301f"},
	{"badpanel", "#fdecea", "#3a1a17"},
	{"warnpanel", "#fdf3dc", "#33270e"},
}

//go:embed style.css
var styleRules string

//go:embed live.js
var liveScript string

// style is the page's whole style sheet: the palette, then the rules.
var style = paletteCSS() + styleRules

// paletteCSS declares the palette. Paper is light, whatever the screen is.
func paletteCSS() string {
	var light, dark strings.Builder
	for _, c := range palette {
		fmt.Fprintf(&light, "--%s:%s;", c.name, c.light)
		fmt.Fprintf(&dark, "--%s:%s;", c.name, c.dark)
	}
	return fmt.Sprintf(":root{color-scheme:light;%s}\n@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;%s}}\n", &light, &dark)
}

// hash is what a content security policy calls an inline style or script.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// EvidencePolicy is the content security policy of the evidence: its own style, and
// nothing else. The icon is empty and inside, so that no browser asks for one.
var EvidencePolicy = "default-src 'none'; style-src " + hash(style) + "; img-src data:; base-uri 'none'; form-action 'none'"

// StatusPolicy is that of the live page, which may also run its own script and ask
// its own server. A policy in the document itself cannot say who may frame it:
// the header adds that.
var StatusPolicy = EvidencePolicy + "; script-src " + hash(liveScript) + "; connect-src 'self'"

// head is what every page begins with.
type head struct {
	Title  string
	Policy string
	Style  template.CSS
}

func newHead(title, policy string) head {
	return head{title, policy, template.CSS(style)} //nolint:gosec // a constant of ours
}
