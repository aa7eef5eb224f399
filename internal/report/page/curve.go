package page

import (
	"fmt"
	"strings"
	"time"

	"relock/internal/number"
	"relock/internal/report"
)

// curve is the outcomes over time: a picture of the sum, one of the speed, and the
// same as a table.
type curve struct {
	Sum, Speed chart
	Rows       []curveRow
	// Every is how much time a row of the table stands for.
	Every string
}

type curveRow struct {
	From                 time.Time
	Reset, Failed, Other int64
	Sum                  int64
}

// tableRows is how long the table may get: a page of paper.
const tableRows = 32

func newCurve(c report.Curve) curve {
	if len(c.Buckets) == 0 || c.Width <= 0 {
		none := "No outcome has been recorded yet."
		return curve{Sum: chart{Empty: none}, Speed: chart{Empty: none}}
	}
	first := c.Buckets[0].Start
	end := c.Buckets[len(c.Buckets)-1].Start.Add(c.Width)
	per, unit := per(c.Width)

	// The sums stand at the end of each bucket, for then they are reached.
	at := []time.Time{first}
	reset, failed, other := []float64{0}, []float64{0}, []float64{0}
	starts := make([]time.Time, len(c.Buckets))
	speed := [3][]float64{}
	for i, b := range c.Buckets {
		at = append(at, b.Start.Add(c.Width))
		reset = append(reset, reset[i]+float64(b.Reset))
		failed = append(failed, failed[i]+float64(b.Failed))
		other = append(other, other[i]+float64(b.Other))
		starts[i] = b.Start
		for j, n := range []int64{b.Reset, b.Failed, b.Other} {
			speed[j] = append(speed[j], float64(n)*float64(per)/float64(c.Width))
		}
	}
	sum := chart{ID: "sum", Title: "Outcomes in total", Unit: "users", From: first, To: end, Text: sumText(c), Series: []series{
		{Name: "reset accepted by Cognito", Class: "good", At: at, Y: reset, Area: true},
		{Name: "not reset", Class: "bad", At: at, Y: failed},
	}}
	rate := chart{ID: "speed", Title: "Outcomes " + unit, Unit: "users " + unit, From: first, To: end, Text: speedText(c, per, unit), Series: []series{
		{Name: "reset accepted by Cognito", Class: "good", At: starts, Y: speed[0], Width: c.Width},
		{Name: "not reset", Class: "bad", At: starts, Y: speed[1], Width: c.Width},
	}}
	if other[len(other)-1] > 0 {
		sum.Series = append(sum.Series, series{Name: "excluded or cancelled", Class: "other", At: at, Y: other})
		rate.Series = append(rate.Series, series{Name: "excluded or cancelled", Class: "other", At: starts, Y: speed[2], Width: c.Width})
	}
	rows, every := curveTable(c)
	return curve{Sum: sum, Speed: rate, Rows: rows, Every: number.Span(every)}
}

// per is the time that a speed is given for: a second, unless a bucket is a minute
// or longer.
func per(width time.Duration) (time.Duration, string) {
	if width < time.Minute {
		return time.Second, "a second"
	}
	return time.Minute, "a minute"
}

// curveTable has the buckets, as many in a row as it takes to keep it short.
func curveTable(c report.Curve) ([]curveRow, time.Duration) {
	merge := (len(c.Buckets) + tableRows - 1) / tableRows
	var rows []curveRow
	var sum int64
	for i, b := range c.Buckets {
		if i%merge == 0 {
			rows = append(rows, curveRow{From: b.Start})
		}
		r := &rows[len(rows)-1]
		r.Reset, r.Failed, r.Other = r.Reset+b.Reset, r.Failed+b.Failed, r.Other+b.Other
		sum += b.Reset + b.Failed + b.Other
		r.Sum = sum
	}
	return rows, time.Duration(merge) * c.Width
}

func sumText(c report.Curve) string {
	var reset, failed, other int64
	for _, b := range c.Buckets {
		reset, failed, other = reset+b.Reset, failed+b.Failed, other+b.Other
	}
	first := c.Buckets[0].Start
	end := c.Buckets[len(c.Buckets)-1].Start.Add(c.Width)
	text := fmt.Sprintf("From %s to %s Cognito accepted the reset of %s; %s not reset", moment(first), moment(end), number.Of(reset, "user", "users"), were(failed))
	if other > 0 {
		text += fmt.Sprintf(", %s excluded or cancelled", were(other))
	}
	return text + "."
}

func were(n int64) string {
	if n == 1 {
		return "1 was"
	}
	return number.Group(n) + " were"
}

// speedText names the busiest time and the longest time without an outcome.
func speedText(c report.Curve, per time.Duration, unit string) string {
	busiest, gap, gapAt := 0, 0, 0
	for i, from := 0, -1; i <= len(c.Buckets); i++ {
		if i < len(c.Buckets) && all(c.Buckets[i]) == 0 {
			if from < 0 {
				from = i
			}
			continue
		}
		if from >= 0 && i-from > gap {
			gap, gapAt = i-from, from
		}
		from = -1
		if i < len(c.Buckets) && all(c.Buckets[i]) > all(c.Buckets[busiest]) {
			busiest = i
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Most at %s: %s outcomes %s.", moment(c.Buckets[busiest].Start),
		figure(float64(all(c.Buckets[busiest]))*float64(per)/float64(c.Width)), unit)
	if gap > 0 {
		fmt.Fprintf(&b, " The longest time without an outcome was %s, from %s on.", number.Span(time.Duration(gap)*c.Width), moment(c.Buckets[gapAt].Start))
	} else {
		b.WriteString(" There was no time without an outcome.")
	}
	return b.String()
}

func all(b report.Bucket) int64 { return b.Reset + b.Failed + b.Other }
