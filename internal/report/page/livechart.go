package page

import (
	"fmt"
	"time"

	"relock/internal/number"
	"relock/internal/telemetry"
)

// thin keeps at most n samples, the last one for sure. The samples that are kept
// stay as the worker moves on, so that the lines do not flicker.
func thin(all []telemetry.Sample, n int) []telemetry.Sample {
	every := (len(all) + n - 1) / n
	if every <= 1 {
		return all
	}
	var kept []telemetry.Sample
	for i, s := range all {
		if s.At.Unix()/int64(telemetry.HistoryEvery/time.Second)%int64(every) == 0 || i == 0 || i == len(all)-1 {
			kept = append(kept, s)
		}
	}
	return kept
}

// tooFew says why there is no picture yet.
const tooFew = "The curve begins after a few seconds."

// paceChart draws pace, budget, quota and throttles of one operation.
func paceChart(id, title string, samples []telemetry.Sample, of func(telemetry.Sample) telemetry.Flow) chart {
	s := thin(samples, points)
	if len(s) < 3 {
		return chart{Empty: tooFew}
	}
	at := make([]time.Time, len(s))
	var pace, budget, quota []float64
	for i, p := range s {
		at[i] = p.At
		f := of(p)
		pace, budget, quota = append(pace, f.Pace), append(budget, f.Budget), append(quota, f.Quota)
	}
	calls := speed(s, func(p telemetry.Sample) uint64 { return of(p).Calls })
	throttled := speed(s, func(p telemetry.Sample) uint64 { return of(p).Throttled })
	from, to := s[0].At, s[len(s)-1].At
	first, last := of(s[0]), of(s[len(s)-1])
	return chart{
		ID: id, Title: title, Unit: "calls a second", From: from, To: to,
		Text: fmt.Sprintf("In the last %s: %s calls, %s of them throttled. Now the pace is %s of a budget of %s a second; Cognito grants %s to all callers together.",
			number.Span(to.Sub(from)), number.Group(int64(last.Calls-first.Calls)), number.Group(int64(last.Throttled-first.Throttled)),
			figure(last.Pace), figure(last.Budget), figure(last.Quota)),
		Series: []series{
			{Name: "calls made", Class: "good", At: at[1:], Y: calls, Area: true},
			{Name: "pace", Class: "link", At: at, Y: pace},
			{Name: "budget", Class: "warn", At: at, Y: budget},
			{Name: "quota", Class: "other", At: at, Y: quota},
			{Name: "throttled", Class: "bad", At: at[1:], Y: throttled},
		},
	}
}

// smooth is the time over which a speed is taken: a busy machine takes a sample too
// late and the next in time, and the calls of a second would look like a burst.
const smooth = 5 * time.Second

// speed is how fast a counter grew until each sample but the first, a second.
func speed(s []telemetry.Sample, of func(telemetry.Sample) uint64) []float64 {
	var all []float64
	from := 0
	for i := 1; i < len(s); i++ {
		for s[i].At.Sub(s[from+1].At) >= smooth {
			from++
		}
		all = append(all, float64(of(s[i])-of(s[from]))/s[i].At.Sub(s[from].At).Seconds())
	}
	return all
}

// doneChart draws how many targets have an outcome.
func doneChart(samples []telemetry.Sample) chart {
	s := thin(samples, points)
	if len(s) < 3 {
		return chart{Empty: tooFew}
	}
	at := make([]time.Time, len(s))
	var done, failed []float64
	for i, p := range s {
		at[i] = p.At
		done, failed = append(done, float64(p.Done)), append(failed, float64(p.Failed))
	}
	first, last := s[0], s[len(s)-1]
	return chart{
		ID: "done", Title: "Users with an outcome", Unit: "users", From: first.At, To: last.At,
		Text: fmt.Sprintf("%s at %s, %s of them not reset; %s more than %s before.", number.Group(last.Done), last.At.UTC().Format("15:04:05"), number.Group(last.Failed), number.Group(last.Done-first.Done), number.Span(last.At.Sub(first.At))),
		Series: []series{
			{Name: "with an outcome", Class: "good", At: at, Y: done, Area: true},
			{Name: "not reset", Class: "bad", At: at, Y: failed},
		},
	}
}

// liveRows are the last minutes, the latest first. A minute goes from the sample
// before it to its last one.
func liveRows(samples []telemetry.Sample) []liveRow {
	var rows []liveRow
	for end := len(samples) - 1; end > 0 && len(rows) < liveMinutes; {
		minute := samples[end].At.Truncate(time.Minute)
		begin := end
		for begin > 0 && !samples[begin].At.Before(minute) {
			begin--
		}
		a, b := samples[begin], samples[end]
		rows = append(rows, liveRow{
			At: minute, Pace: b.Resets.Pace, Budget: b.Resets.Budget,
			Calls: int64(b.Resets.Calls - a.Resets.Calls), Throttled: int64(b.Resets.Throttled - a.Resets.Throttled),
			Done: b.Done - a.Done, Fail: b.Failed - a.Failed,
		})
		end = begin
	}
	return rows
}
