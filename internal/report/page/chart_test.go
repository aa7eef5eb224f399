package page

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relock/internal/report"
	"relock/internal/telemetry"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestAScaleEndsAboveItsTop(t *testing.T) {
	t.Parallel()
	for top, want := range map[float64][2]float64{0: {1, 0.5}, 1: {1, 0.2}, 30: {30, 5}, 31: {35, 5}, 1466: {1600, 200}, 300_000: {300_000, 50_000}} {
		end, step := scale(top)
		if diff := cmp.Diff(want, [2]float64{end, step}); diff != "" {
			t.Errorf("scale(%v) (-want +got):\n%s", top, diff)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		top := rapid.Float64Range(1e-3, 1e9).Draw(t, "top")
		end, step := scale(top)
		if marks := end / step; end < top*0.999 || marks < 2 || marks > 12 || end > 2*top {
			t.Fatalf("scale(%v) ends at %v by %v", top, end, step)
		}
	})
}

// TestLabelsOfTimeFit checks, for any span, that marks are few and in order, that no
// two labels overlap, and that none sticks out.
func TestLabelsOfTimeFit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := noon.Add(time.Duration(rapid.Int64Range(0, int64(400*day)).Draw(t, "from")))
		long := time.Duration(rapid.Int64Range(int64(3*time.Second), int64(60*day)).Draw(t, "long"))
		c := chart{From: from, To: from.Add(long), Series: []series{{At: []time.Time{from, from.Add(long)}, Y: []float64{0, 5}}}}
		for _, d := range c.Drawings() {
			end := math.Inf(-1)
			for _, k := range d.XTicks {
				w := letter * float64(len(k.Label))
				begin := k.At - map[string]float64{"start": 0, "middle": w / 2, "end": w}[k.Anchor]
				if begin < 0 || begin+w > float64(d.Width)+0.1 || begin < end || k.At < d.Left-0.1 || k.At > d.Right+0.1 {
					t.Fatalf("%s, %v from %v: %+v", d.Size, long, from, d.XTicks)
				}
				end = begin + w
			}
			if len(d.XTicks) == 0 {
				t.Fatalf("%s, %v from %v: no mark", d.Size, long, from)
			}
		}
	})
}

func TestBarsAreStackedAndLinesAreNot(t *testing.T) {
	t.Parallel()
	at := []time.Time{noon, noon.Add(time.Minute)}
	c := chart{From: noon, To: noon.Add(2 * time.Minute), Series: []series{
		{Class: "good", At: at, Y: []float64{6, 0}, Width: time.Minute},
		{Class: "bad", At: at, Y: []float64{4, 2}, Width: time.Minute},
		{Class: "link", At: at, Y: []float64{10, 10}},
	}}
	d := c.draw("wide", 126, 186) // a plot of 100 by 100 units
	d.Left, d.Right = 0, 0
	var got []string
	for _, s := range d.Shapes {
		got = append(got, s.Class+" "+s.D)
	}
	want := []string{
		"bar good M26 134V74H69V134Z",
		"bar bad M26 74V34H69V74ZM69 134V114H112V134Z", // on top of the good ones
		"line link M26 34L69 34",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shapes (-want +got):\n%s", diff)
	}
}

func TestTheTableOfTheCurveLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := report.Curve{Width: time.Minute}
		var want int64
		for i := range rapid.IntRange(1, report.MaxBuckets).Draw(t, "buckets") {
			b := report.Bucket{Start: noon.Add(time.Duration(i) * c.Width), Reset: rapid.Int64Range(0, 9).Draw(t, "reset"), Failed: 1}
			want += b.Reset + b.Failed
			c.Buckets = append(c.Buckets, b)
		}
		rows, every := curveTable(c)
		var sum int64
		for _, r := range rows {
			sum += r.Reset + r.Failed + r.Other
		}
		if last := rows[len(rows)-1].Sum; sum != want || last != want || len(rows) > tableRows {
			t.Fatalf("%d rows with %d, the last says %d, want %d", len(rows), sum, last, want)
		}
		if len(rows) > 1 && rows[1].From.Sub(rows[0].From) != every {
			t.Fatalf("rows are %v apart, and say %v", rows[1].From.Sub(rows[0].From), every)
		}
	})
}

func TestGapsAreToldInWords(t *testing.T) {
	t.Parallel()
	at := func(i int, n int64) report.Bucket {
		return report.Bucket{Start: noon.Add(time.Duration(i) * time.Minute), Reset: n}
	}
	for want, buckets := range map[string][]report.Bucket{
		"There was no time without an outcome.":                                                       {at(0, 1), at(1, 2)},
		"The longest time without an outcome was 2 min, from 2026-11-23 12:03:00 UTC on.":             {at(0, 1), at(1, 0), at(2, 5), at(3, 0), at(4, 0), at(5, 1)},
		"Most at 2026-11-23 12:01:00 UTC: 9 outcomes a minute.":                                       {at(0, 1), at(1, 9)},
		"Most at 2026-11-23 12:00:00 UTC: 3 outcomes a minute. There was no time without an outcome.": {at(0, 3)},
	} {
		if got := speedText(report.Curve{Width: time.Minute, Buckets: buckets}, time.Minute, "a minute"); !strings.Contains(got, want) {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}

func TestALongHistoryIsThinned(t *testing.T) {
	t.Parallel()
	var h []telemetry.Sample
	for i := range 3600 {
		h = append(h, telemetry.Sample{At: noon.Add(time.Duration(i) * time.Second), Done: int64(i)})
	}
	got := thin(h, points)
	if len(got) > points+2 || got[0].Done != 0 || got[len(got)-1].Done != 3599 {
		t.Errorf("%d points from %d to %d", len(got), got[0].Done, got[len(got)-1].Done)
	}
	// A second later, all but the ends are the same points.
	later := thin(append(h[1:], telemetry.Sample{At: noon.Add(time.Hour), Done: 3600}), points)
	if diff := cmp.Diff(got[1:len(got)-1], later[1:len(later)-1]); diff != "" {
		t.Errorf("the points flicker (-before +after):\n%.400s", diff)
	}
}

func TestASampleThatComesLateIsNoBurst(t *testing.T) {
	t.Parallel()
	var h []telemetry.Sample
	for i, ms := range []int{0, 1000, 2000, 3750, 4000, 5000, 6000, 7000, 16000} {
		s := telemetry.Sample{At: noon.Add(time.Duration(ms) * time.Millisecond)}
		s.Resets.Calls = uint64(24 * i)
		if i == 8 {
			s.Resets.Calls = 24 * 7 // nine seconds of nothing
		}
		h = append(h, s)
	}
	want := []float64{24, 24, 19.2, 24, 24, 24, 24, 0}
	if diff := cmp.Diff(want, speed(h, func(s telemetry.Sample) uint64 { return s.Resets.Calls })); diff != "" {
		t.Errorf("calls a second (-want +got):\n%s", diff)
	}
}

func TestMinutesAddUp(t *testing.T) {
	t.Parallel()
	var h []telemetry.Sample
	for i := range 150 {
		s := telemetry.Sample{At: noon.Add(time.Duration(i+30) * time.Second), Done: int64(20 * i)}
		s.Resets.Calls, s.Resets.Throttled = uint64(24*i), uint64(i/10)
		h = append(h, s)
	}
	var done, calls, throttled int64
	rows := liveRows(h)
	for _, r := range rows {
		done, calls, throttled = done+r.Done, calls+r.Calls, throttled+r.Throttled
	}
	if len(rows) != 3 || done != 20*149 || calls != 24*149 || throttled != 14 || !rows[0].At.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("%d rows with %d, %d, %d: %+v", len(rows), done, calls, throttled, rows)
	}
	if got := liveRows(nil); got != nil {
		t.Errorf("no samples make %v", got)
	}
}
