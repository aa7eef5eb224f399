package number

import (
	"fmt"
	"strings"
	"time"
)

// Share is n of all in per cent. It says 0 and 100 only where that is exact.
func Share(n, all int64) string {
	if all <= 0 {
		return "–"
	}
	p := 100 * float64(n) / float64(all)
	switch {
	case n == 0:
		return "0 %"
	case n == all:
		return "100 %"
	case p < 0.1:
		return "< 0.1 %"
	case p > 99.9:
		return "> 99.9 %"
	case p < 10 || p > 90:
		return fmt.Sprintf("%.1f %%", p)
	default:
		return fmt.Sprintf("%.0f %%", p)
	}
}

// Duration writes how long something takes, rounded: from a minute on to minutes.
func Duration(d time.Duration) string {
	minutes := int64(d.Round(time.Minute) / time.Minute)
	switch {
	case d <= 0:
		return "0 s"
	case d < time.Second:
		return "less than 1 s"
	case d < time.Minute-time.Second/2:
		return fmt.Sprintf("%d s", int64(d.Round(time.Second)/time.Second))
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	default:
		return fmt.Sprintf("%s h %02d min", Group(minutes/60), minutes%60)
	}
}

// Span is a duration in the two largest units that it has.
func Span(d time.Duration) string {
	units := []struct {
		name string
		d    time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	var parts []string
	for _, u := range units {
		if n := d / u.d; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
			d -= n * u.d
		} else if len(parts) > 0 {
			break
		}
		if len(parts) == 2 {
			break
		}
	}
	if len(parts) == 0 {
		return "less than 1 s"
	}
	return strings.Join(parts, " ")
}
