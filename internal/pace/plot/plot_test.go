package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func sample() Chart {
	return Chart{
		Title: "Pace & <quota>", X: "minutes", Y: "requests a second",
		Series: []Series{
			{Name: "ours", X: []float64{0, 1, 2}, Y: []float64{24, 20, 22}},
			{Name: "quota", X: []float64{0, 2}, Y: []float64{30, 30}, Dashed: true},
			{Name: "one", X: []float64{1}, Y: []float64{10}, Points: true, Labels: []string{"here"}},
		},
	}
}

func TestChartIsWellFormedAndRepeats(t *testing.T) {
	var one, two bytes.Buffer
	if err := errors.Join(sample().Write(&one), sample().Write(&two)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("the same figures gave other bytes")
	}
	dec := xml.NewDecoder(bytes.NewReader(one.Bytes()))
	for {
		_, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"Pace &amp; &lt;quota&gt;", "prefers-color-scheme:dark", "stroke-dasharray", ">here<", ">ours<"} {
		if !strings.Contains(one.String(), want) {
			t.Errorf("no %q in the chart", want)
		}
	}
	if strings.Contains(one.String(), "NaN") {
		t.Error("the chart holds a NaN")
	}
}

func TestChartKeepsWithinItsXAxis(t *testing.T) {
	c := Chart{XMin: 10, XMax: 20, Series: []Series{
		{X: []float64{0, 10, 20, 30}, Y: []float64{1, 1, 1, 1}},
		{X: []float64{5, 15}, Y: []float64{1, 1}, Points: true},
	}}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "<circle"); n != 1 {
		t.Errorf("%d points, want the one within", n)
	}
	if want := `points="60,44 740,44"`; !strings.Contains(b.String(), want) {
		t.Errorf("no line %s in\n%s", want, b.String())
	}
}

func TestAxis(t *testing.T) {
	for _, tc := range []struct{ end, largest, last, step float64 }{
		{0, 30, 30, 5}, {0, 31, 35, 5}, {100, 7, 100, 20}, {0, 0.42, 0.5, 0.1}, {0, 0, 1, 0.2},
	} {
		last, step := axis(tc.end, []Series{{Y: []float64{tc.largest}}}, func(s Series) []float64 { return s.Y })
		if math.Abs(last-tc.last) > 1e-9 || math.Abs(step-tc.step) > 1e-9 {
			t.Errorf("axis(%v) to %v: %v by %v, want %v by %v", tc.end, tc.largest, last, step, tc.last, tc.step)
		}
	}
}
