package main

import (
	"bytes"
	"path/filepath"
	"time"

	"relock/internal/file"
	"relock/internal/pace/plot"
	"relock/internal/pace/sim"
)

// curves writes every chart; seed 1 stands for the rest.
func curves(dir string) error {
	for _, c := range []struct {
		file  string
		chart plot.Chart
	}{
		{"users10.svg", overTime("users10", "Users at 10 rps on a quota of 30: our rate", 5, 10)},
		{"drift.svg", overTime("drift", "Users who come and go: our rate", 10, 30)},
		{"halves.svg", overTime("halves", "The quota halves, then doubles: our rate", 5, 30)},
		{"frontier.svg", frontier("users10", "Users at 10 rps: what each strategy takes, and at whose cost", 85, 105)},
		{"frontier-bucket3.svg", frontier("bucket3", "The same with a bucket of 3", 0, 100)},
		{"wave-rate.svg", waveRate()},
		{"wave-throttled.svg", waveThrottled()},
	} {
		if err := draw(filepath.Join(dir, c.file), c.chart); err != nil {
			return err
		}
	}
	return nil
}

func draw(name string, c plot.Chart) error {
	var text bytes.Buffer
	if err := c.Write(&text); err != nil {
		return err
	}
	return file.Write(name, text.Bytes(), 0o644)
}

// oursOK is our granted calls a second.
func oursOK(rate, _ [2]float64, _ float64) float64 { return rate[0] }

// overTime shows the rates of a few strategies and what was free.
func overTime(key, title string, step int, minutes float64) plot.Chart {
	s := sim.ByKey(key)
	c := plot.Chart{Title: title, X: "minutes", Y: "requests a second", XMax: minutes, YMax: 35}
	cut := func(x, y []float64) ([]float64, []float64) {
		for i := range x {
			if x[i] > minutes {
				return x[:i], y[:i]
			}
		}
		return x, y
	}
	add := func(name string, x, y []float64, dashed bool) {
		x, y = cut(x, y)
		c.Series = append(c.Series, plot.Series{Name: name, X: x, Y: y, Dashed: dashed})
	}
	var fx, fy []float64
	for i, st := range []sim.Strategy{learner(), others()[5], others()[4]} {
		r := sim.Simulate(s, st, 1)
		x, y := r.Series(step, oursOK)
		add(st.Name, x, y, false)
		if i == 0 {
			x, y := r.Series(30, func(rate, throttled [2]float64, _ float64) float64 { return rate[1] + throttled[1] })
			for j := range y {
				y[j] = s.Granted(time.Duration(x[j]*float64(time.Minute))) - y[j]
			}
			fx, fy = x, y
		}
	}
	add("free", fx, fy, true)
	return c
}

// frontier is use against the users' throttles: fixed rates as a line, ours and
// the rest as points.
func frontier(key, title string, from, to float64) plot.Chart {
	s := sim.ByKey(key)
	c := plot.Chart{Title: title, X: "use of the free quota, %", Y: "theirs throttled, %", XMin: from, XMax: to, YMax: 8}
	var x, y []float64
	for r := 5.0; r <= 22; r += 0.25 {
		m := measure("", many(s, sim.Fixed("", r), 4))
		x, y = append(x, m.use.Median), append(y, m.theirs.Median)
	}
	c.Series = append(c.Series, plot.Series{Name: "fixed rates, known in hindsight", X: x, Y: y, Dashed: true})
	for _, st := range append([]sim.Strategy{learner()}, others()[4:]...) {
		m := measure("", many(s, st, 4))
		c.Series = append(c.Series, plot.Series{Name: st.Name, X: []float64{m.use.Median}, Y: []float64{m.theirs.Median}, Points: true})
	}
	return c
}

var waveStrategies = []func() sim.Strategy{byDefault, func() sim.Strategy { return others()[1] }, func() sim.Strategy { return others()[2] }}

func waveRate() plot.Chart {
	c := plot.Chart{Title: "Recovery wave: resets a second", X: "minutes", Y: "resets a second", YMax: 35, XMax: 180}
	return overWave(c, oursOK)
}

func waveThrottled() plot.Chart {
	c := plot.Chart{Title: "Recovery wave: users' requests throttled", X: "minutes", Y: "%", YMax: 100, XMax: 180}
	return overWave(c, func(rate, throttled [2]float64, _ float64) float64 {
		if n := rate[1] + throttled[1]; n > 0 {
			return 100 * throttled[1] / n
		}
		return 0
	})
}

func overWave(c plot.Chart, of func(rate, throttled [2]float64, pace float64) float64) plot.Chart {
	for _, st := range waveStrategies {
		st := st()
		x, y := sim.SimulateWave(wave, st, 1, 3*time.Hour).Series(60, of)
		c.Series = append(c.Series, plot.Series{Name: st.Name, X: x, Y: y})
	}
	return c
}
