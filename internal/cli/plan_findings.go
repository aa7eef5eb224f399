package cli

import (
	"fmt"
	"io"
	"strings"

	"relock/internal/job"
	"relock/internal/preflight"
)

// printSample says what the look-ups project on the whole list.
func (p *plan) printSample(row func(name, format string, args ...any)) {
	s := p.sample
	switch {
	case s == nil || s.Asked == 0:
		if p.facts.cfg != nil && p.set.list.Sample > 0 && !p.known.sentAll { // nothing will be sent
			row("projection", "none: nobody could be looked up")
		}
		return
	case s.Whole && s.Asked == 1:
		row("projection", "the one user was looked up:")
	case s.Whole:
		row("projection", "all %d users were looked up:", s.Asked)
	default:
		row("projection", "by %s looked up at random, with 95 %% intervals:", users(int64(s.Asked)))
	}
	for _, f := range preflight.Fates() {
		n := s.Counts[f]
		switch {
		case n == 0 && f != preflight.Resettable:
		case s.Whole:
			row("", "%d %s", n, f.Words())
		default:
			low, high := s.Interval(f)
			row("", "%.0f %% (%.0f to %.0f %%) %s", 100*s.Share(f), 100*low, 100*high, f.Words())
		}
	}
	p.printAgain(row)
}

// printAgain says how many rows are another name of a user that the list has above
// them.
func (p *plan) printAgain(row func(name, format string, args ...any)) {
	s, all := p.sample, p.list.Counts.Targets
	if s.Again == 0 {
		return
	}
	if s.Whole {
		row("same user", "%d of %s another name of a user above them", s.Again, rowsAre(all))
		return
	}
	low, high := s.AgainInterval()
	rows := func(share float64) float64 { return share * float64(all) }
	row("same user", "about %.0f (%.0f to %.0f) of %s another name of a user above them, by the sample",
		rows(s.PartOf(s.Again)), rows(low), rows(high), rowsAre(all))
}

func rowsAre(n int64) string { return fmt.Sprintf("%d rows are", n) }

// printFindings comes last: it is what has to be seen.
func (p *plan) printFindings(w io.Writer) {
	if len(p.job.Plan.Findings) == 0 && len(p.vain) == 0 {
		return
	}
	say(w, "\nFindings\n")
	for _, f := range p.job.Plan.Findings {
		say(w, "  %-7s %s\n", findingWord(f), f.Code)
		for _, line := range wrap(f.Text, textWidth(w)-10) {
			say(w, "          %s\n", line)
		}
	}
	if len(p.vain) > 0 {
		for _, line := range wrap(fmt.Sprintf("--%s %s was not needed: nothing of the kind was found.", flagForce, strings.Join(p.vain, ",")), textWidth(w)-2) {
			say(w, "  %s\n", line)
		}
	}
}

func findingWord(f job.Finding) string {
	switch {
	case f.Forced:
		return "forced"
	case f.Stops:
		return "stops"
	default:
		return "note"
	}
}
