package page

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// chart is a curve over time. It is drawn twice, for wide and for narrow screens,
// so that its letters keep their size; the style shows one of the two.
type chart struct {
	ID, Title string
	// Text says in words what the picture shows.
	Text string
	// Unit is the title of the y axis; the x axis is time, in UTC.
	Unit     string
	From, To time.Time
	Series   []series
	// Empty says why there is no picture; then the rest is not looked at.
	Empty string
}

// series is one line, or one layer of bars.
type series struct {
	Name string
	// Class names colour and dashes in style.css.
	Class string
	At    []time.Time
	Y     []float64
	// Width makes bars of that width from At on, which are stacked on the bars of
	// the series before. Zero makes a line.
	Width time.Duration
	// Area fills what is under a line.
	Area bool
}

// drawing is a chart laid out for one size, in SVG's units.
type drawing struct {
	ID, Title, Text, Unit     string
	Width, Height             int
	Left, Right, Top, Bottom  float64 // the edges of the plot
	XTicks, YTicks            []tick
	Shapes                    []shape
	Size                      string // a class: wide or narrow
	XTitleAt, XTitleY, YTitle float64
	XLabelY, YLabelX          float64
}

// tick is a mark of an axis.
type tick struct {
	At     float64
	Label  string
	Anchor string
}

// shape is one path.
type shape struct{ Class, D string }

// Widths and heights of the two drawings, and of what stands around the plot. A
// letter of the labels is about 7 units wide.
const (
	wideWidth, wideHeight     = 760, 300
	narrowWidth, narrowHeight = 360, 280
	plotTop, plotBelow        = 34.0, 52.0
	plotRight                 = 14.0
	letter                    = 7.0
)

// Drawings are the chart in both sizes.
func (c chart) Drawings() []drawing {
	return []drawing{
		c.draw("wide", wideWidth, wideHeight),
		c.draw("narrow", narrowWidth, narrowHeight),
	}
}

// draw lays the chart out.
func (c chart) draw(size string, width, height int) drawing {
	layers := c.stacked()
	top := 0.0
	for _, l := range layers {
		for _, y := range l.top {
			top = max(top, y)
		}
	}
	yEnd, yStep := scale(top)
	d := drawing{
		ID: c.ID + "-" + size, Title: c.Title, Text: c.Text, Unit: c.Unit, Size: size,
		Width: width, Height: height,
		Right: float64(width) - plotRight, Top: plotTop, Bottom: float64(height) - plotBelow,
	}
	longest := 0
	for i := 0; float64(i)*yStep <= yEnd*1.0001; i++ {
		longest = max(longest, len([]rune(axisLabel(float64(i)*yStep))))
	}
	d.Left = 12 + letter*float64(longest)
	d.XTitleAt, d.XTitleY, d.YTitle = (d.Left+d.Right)/2, float64(height)-10, d.Top-16

	d.XLabelY, d.YLabelX = d.Bottom+19, d.Left-6

	from, to := c.From, c.To
	if !to.After(from) {
		to = from.Add(time.Second)
	}
	x := func(t time.Time) float64 {
		return d.Left + float64(t.Sub(from))/float64(to.Sub(from))*(d.Right-d.Left)
	}
	y := func(v float64) float64 { return d.Bottom - v/yEnd*(d.Bottom-d.Top) }
	for i := 0; float64(i)*yStep <= yEnd*1.0001; i++ {
		d.YTicks = append(d.YTicks, tick{At: y(float64(i) * yStep), Label: axisLabel(float64(i) * yStep), Anchor: "end"})
	}
	d.XTicks = timeTicks(from, to, x, float64(width))
	for _, l := range layers {
		d.Shapes = append(d.Shapes, l.shapes(x, y)...)
	}
	return d
}

// layer is a series with the heights that its shapes begin and end at.
type layer struct {
	series
	bottom, top []float64
}

// stacked puts bars on top of those before.
func (c chart) stacked() []layer {
	var all []layer
	under := make(map[int64]float64)
	for _, s := range c.Series {
		l := layer{series: s, bottom: make([]float64, len(s.Y)), top: make([]float64, len(s.Y))}
		for i, v := range s.Y {
			if at := s.At[i].UnixNano(); s.Width > 0 {
				l.bottom[i] = under[at]
				under[at] += v
			}
			l.top[i] = l.bottom[i] + v
		}
		all = append(all, l)
	}
	return all
}

func (l layer) shapes(x func(time.Time) float64, y func(float64) float64) []shape {
	var d strings.Builder
	if l.Width > 0 {
		for i := range l.Y {
			if l.Y[i] > 0 {
				x0, x1 := x(l.At[i]), x(l.At[i].Add(l.Width))
				d.WriteString("M" + unit(x0) + " " + unit(y(l.bottom[i])) + "V" + unit(y(l.top[i])) + "H" + unit(x1) + "V" + unit(y(l.bottom[i])) + "Z")
			}
		}
		return []shape{{"bar " + l.Class, d.String()}}
	}
	for i := range l.Y {
		op := "L"
		if i == 0 {
			op = "M"
		}
		d.WriteString(op + unit(x(l.At[i])) + " " + unit(y(l.Y[i])))
	}
	line := []shape{{"line " + l.Class, d.String()}}
	if n := len(l.Y); l.Area && n > 0 {
		d.WriteString("L" + unit(x(l.At[n-1])) + " " + unit(y(0)) + "L" + unit(x(l.At[0])) + " " + unit(y(0)) + "Z")
		line = append([]shape{{"area " + l.Class, d.String()}}, line...)
	}
	return line
}

func unit(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }
