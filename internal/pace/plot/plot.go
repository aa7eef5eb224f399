// Package plot draws line and point charts as SVG. The same figures give the
// same bytes. A chart follows the reader's light or dark theme by itself.
package plot

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Chart is one pair of axes.
type Chart struct {
	Title, X, Y string
	// XMin begins the x axis. The y axis begins at 0.
	XMin float64
	// XMax and YMax end the axes; 0 takes the largest value.
	XMax, YMax float64
	// Series are drawn with the first on top.
	Series []Series
}

// Series is one line, or one set of points.
type Series struct {
	Name string
	X, Y []float64
	// Points draws dots, each with its label, in place of a line.
	Points bool
	Labels []string
	// Dashed is for what is given, not measured.
	Dashed bool
}

// Size of a chart and of its margins.
const (
	width, height           = 760, 380
	left, right, top, below = 60, 20, 44, 76
)

// The colours are told apart by people with the common colour blindnesses (Okabe
// and Ito, 2008) and are legible on white and on black.
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#888888", "#7a5fd0"}

const style = `<style>
svg{background:#fff;color:#1f2328;font:12px system-ui,sans-serif}
text{fill:currentColor}
.axis,.grid{stroke:currentColor;fill:none}
.grid{opacity:.15}
@media (prefers-color-scheme:dark){svg{background:#0d1117;color:#e6edf3}}
</style>
`

// Write draws the chart.
func (c Chart) Write(w io.Writer) error {
	var b strings.Builder
	xmax, xstep := axis(c.XMax, c.Series, func(s Series) []float64 { return s.X })
	if c.XMin > 0 {
		_, xstep = axis(xmax-c.XMin, nil, nil)
	}
	ymax, ystep := axis(c.YMax, c.Series, func(s Series) []float64 { return s.Y })
	px := func(x float64) float64 { return left + (x-c.XMin)/(xmax-c.XMin)*(width-left-right) }
	py := func(y float64) float64 { return height - below - min(y, ymax)/ymax*(height-top-below) }

	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n%s", width, height, html.EscapeString(c.Title), style)
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"20\" font-size=\"15\" font-weight=\"600\">%s</text>\n", left, html.EscapeString(c.Title))
	for x := c.XMin; x <= xmax*1.0001; x += xstep {
		line(&b, "grid", px(x), top, px(x), height-below)
		text(&b, px(x), height-below+16, "middle", number(x))
	}
	for y := 0.0; y <= ymax*1.0001; y += ystep {
		line(&b, "grid", left, py(y), width-right, py(y))
		text(&b, left-6, py(y)+4, "end", number(y))
	}
	line(&b, "axis", left, height-below, width-right, height-below)
	line(&b, "axis", left, top, left, height-below)
	text(&b, (left+width-right)/2, height-below+34, "middle", c.X)
	text(&b, left, top-8, "start", c.Y)
	for i, s := range slices.Backward(c.Series) {
		colour := colours[i%len(colours)]
		if s.Points {
			for j := range s.X {
				if s.X[j] < c.XMin {
					continue
				}
				fmt.Fprintf(&b, "<circle cx=\"%s\" cy=\"%s\" r=\"4\" fill=\"%s\"/>\n", coord(px(s.X[j])), coord(py(s.Y[j])), colour)
				if j < len(s.Labels) {
					text(&b, px(s.X[j])+6, py(s.Y[j])-5, "start", s.Labels[j])
				}
			}
			continue
		}
		dash := ""
		if s.Dashed {
			dash = " stroke-dasharray=\"5 4\""
		}
		fmt.Fprintf(&b, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\"%s points=\"", colour, dash)
		space := ""
		for j := range s.X {
			if s.X[j] >= c.XMin && s.X[j] <= xmax {
				b.WriteString(space + coord(px(s.X[j])) + "," + coord(py(s.Y[j])))
				space = " "
			}
		}
		b.WriteString("\"/>\n")
	}
	legend(&b, c.Series)
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// legend names the series, from left to right and then in a second line.
func legend(b *strings.Builder, series []Series) {
	x, y := float64(left), float64(height-22)
	for i, s := range series {
		w := 26 + 6.4*float64(len([]rune(s.Name)))
		if x+w > width-right && x > left {
			x, y = left, y+16
		}
		fmt.Fprintf(b, "<rect x=\"%s\" y=\"%s\" width=\"12\" height=\"4\" fill=\"%s\"/>\n", coord(x), coord(y-6), colours[i%len(colours)])
		text(b, x+17, y, "start", s.Name)
		x += w
	}
}

func line(b *strings.Builder, class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(b, "<path class=\"%s\" d=\"M%s %sL%s %s\"/>\n", class, coord(x1), coord(y1), coord(x2), coord(y2))
}

func text(b *strings.Builder, x, y float64, anchor, s string) {
	fmt.Fprintf(b, "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>\n", coord(x), coord(y), anchor, html.EscapeString(s))
}

// axis is the end of an axis and the step between its marks.
func axis(end float64, series []Series, of func(Series) []float64) (last, step float64) {
	last = end
	if last == 0 {
		for _, s := range series {
			for _, v := range of(s) {
				last = max(last, v)
			}
		}
	}
	if last <= 0 {
		last = 1
	}
	step = math.Pow(10, math.Floor(math.Log10(last/4)))
	for _, m := range []float64{5, 2} {
		if step*m <= last/4 {
			step *= m
			break
		}
	}
	if end == 0 {
		last = math.Ceil(last/step) * step
	}
	return last, step
}

func coord(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

func number(f float64) string { return strconv.FormatFloat(math.Round(f*1e6)/1e6, 'f', -1, 64) }
