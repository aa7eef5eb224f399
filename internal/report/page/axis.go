package page

import (
	"math"
	"strconv"
	"strings"
	"time"

	"relock/internal/number"
)

// scale is the end of a y axis that begins at 0, and the step between its marks:
// 1, 2 or 5 times a power of ten, four or five of them.
func scale(top float64) (end, step float64) {
	if top <= 0 {
		return 1, 0.5
	}
	step = math.Pow(10, math.Floor(math.Log10(top/4)))
	for _, m := range []float64{5, 2} {
		if step*m <= top/3 {
			step *= m
			break
		}
	}
	return math.Ceil(top/step*0.9999) * step, step
}

func axisLabel(v float64) string {
	switch {
	case v >= 1e6:
		return unitOf(v/1e6) + "M"
	case v >= 1e4:
		return unitOf(v/1e3) + "k"
	case v >= 1000:
		return number.Group(int64(math.Round(v)))
	default:
		return unitOf(v)
	}
}

func unitOf(f float64) string { return strconv.FormatFloat(math.Round(f*1e4)/1e4, 'f', -1, 64) }

// steps are what marks on an axis of time may be apart.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

const day = 24 * time.Hour

// timeTicks are the marks of an axis of time, on round times of the day, as many as
// their labels leave room for. A label that would stick out of the drawing is turned
// inwards, by half its width; that is why it needs one and a half.
func timeTicks(from, to time.Time, x func(time.Time) float64, width float64) []tick {
	fits := func(step time.Duration, form string) bool {
		return x(from.Add(step))-x(from) > 1.5*letter*float64(len(form))+8
	}
	step, form := day, "2 Jan"
	for _, s := range steps {
		f := "15:04"
		switch {
		case from.UTC().YearDay() != to.UTC().YearDay():
			f = "02 Jan 15:04"
		case s < time.Minute:
			f = "15:04:05"
		}
		if fits(s, f) {
			step, form = s, strings.TrimPrefix(f, "0")
			break
		}
	}
	for step >= day && !fits(step, form) {
		step += day
	}
	var ticks []tick
	at := from.UTC().Truncate(step)
	if at.Before(from) {
		at = at.Add(step)
	}
	for ; !at.After(to); at = at.Add(step) {
		label := at.Format(form)
		half := letter * float64(len(label)) / 2
		anchor := "middle"
		switch {
		case x(at)+half > width:
			anchor = "end"
		case x(at)-half < 0:
			anchor = "start"
		}
		ticks = append(ticks, tick{At: x(at), Label: label, Anchor: anchor})
	}
	return ticks
}
