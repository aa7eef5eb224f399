package cli

import (
	"fmt"
	"io"
	"strings"

	"relock/internal/job"
	"relock/internal/preflight"
)

// fateWords say what a fate means for a user of the list.
var fateWords = map[preflight.Fate]string{
	preflight.Resettable:          "can be reset",
	preflight.Unknown:             "unknown to the pool",
	preflight.Disabled:            "disabled",
	preflight.NeverConfirmed:      "never confirmed",
	preflight.ForceChangePassword: "never chose a password (FORCE_CHANGE_PASSWORD)",
	preflight.Federated:           "federated",
	preflight.NoContact:           "without a verified contact",
	preflight.OtherStatus:         "in another state",
}

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
			row("", "%d %s", n, fateWords[f])
		default:
			low, high := s.Interval(f)
			row("", "%.0f %% (%.0f to %.0f %%) %s", 100*s.Share(f), 100*low, 100*high, fateWords[f])
		}
	}
}

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
