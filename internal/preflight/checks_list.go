package preflight

import (
	"fmt"
	"strings"
	"time"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/pace"
)

// duplicatesMost is the share of duplicates that stops a run. Users who come ten
// times each in an export of events reach it too, which --force is for; a column
// that is masked or constant reaches far more.
const duplicatesMost = 0.9

func mostlyDuplicates(l look) []job.Finding {
	rows := l.Targets + l.Duplicates
	if float64(l.Duplicates) < duplicatesMost*float64(rows) || rows == 0 {
		return nil
	}
	return one(MostlyDuplicates, number.Text("%d of %d rows repeat an earlier one, and %s left. The column may be masked, or another than that of the names: look at it, and choose with --column. If the list is one of events, with many rows for a user, go on with --force mostly_duplicates.",
		l.Duplicates, rows, number.Of(l.Targets, "user is", "users are")))
}

// poolMargin is how far a pool's estimate may be off before a longer list stops.
const poolMargin = 0.1

// longerThanPool compares with an estimate, of whose age and precision AWS says
// nothing: a list that is a little longer informs.
func longerThanPool(l look) []job.Finding {
	if l.Pool == nil || l.Targets <= int64(l.Pool.EstimatedNumberOfUsers) {
		return nil
	}
	f := found(LongerThanPool, number.Text("The list has %d users, and the pool about %d by Cognito's estimate. It may be the list of another pool, or have users twice.", l.Targets, l.Pool.EstimatedNumberOfUsers))
	f.Stops = float64(l.Targets) > (1+poolMargin)*float64(l.Pool.EstimatedNumberOfUsers)
	return []job.Finding{f}
}

// differByCase: a sub is a UUID, whose case says nothing in any pool.
func differByCase(l look) []job.Finding {
	n, at, why := l.CaseTwins, l.TwinsAt, "the pool ignores case"
	if !FoldsCase(l.Pool) {
		n, at, why = l.SubTwins, l.SubTwinsAt, "both have the form of a sub"
	}
	if n == 0 {
		return nil
	}
	return one(NamesDifferByCase, fmt.Sprintf("%s from an earlier one by case only, and %s: it is the same user, who would be reset twice: %s. Leave those rows out, or let --unique-users do it.",
		number.Of(n, "name differs", "names differ"), why, at))
}

func namedTwice(l look) []job.Finding {
	if l.Sample == nil || l.Sample.Again == 0 {
		return nil
	}
	return one(UserNamedTwice, fmt.Sprintf("Of %d users looked up %s in an earlier row, under another name (username, sub, e-mail address …): such users would be reset twice. --unique-users looks every row up first (for this list, %s) and drops the later rows; or leave them out yourself.",
		l.Sample.Asked, number.Of(int64(l.Sample.Again), "is", "are"), lookUpsTake(l.Targets)))
}

// lookUpsTake is how long LookUp of all takes, for people: a name takes one listing
// at least.
func lookUpsTake(targets int64) string {
	d := pace.Estimate(targets, pace.Share*pace.UserList.Default)
	if d < time.Minute {
		return "some seconds"
	}
	return long(d) + " or more"
}

// subCase: whether a reset takes a sub in another case is not known.
func subCase(l look) []job.Finding {
	if l.Sample == nil || l.Sample.SubCase == 0 {
		return nil
	}
	return one(SubInCapitals, fmt.Sprintf("%s named by a sub with capitals. Cognito writes subs in lower case; that a reset takes them otherwise is not verified. Write them in lower case to be sure.", ofLookedUp(l.Sample.SubCase, l.Sample.Asked)))
}

// unknownMost is the share of unknown users that a list may have. There is no
// minimum of look-ups: of a part of the list, the interval says how little a few
// of them prove, and of the whole list the share is known.
const unknownMost = 0.5

func mostlyUnknown(l look) []job.Finding {
	if !unknownStops(l.Sample) {
		return nil
	}
	return l.unlessRetry(found(MostlyUnknown, fmt.Sprintf("%s unknown to the pool. It may be the list of another pool, or the names may be of a kind that the pool does not know users by: check --user-pool-id and --column.",
		ofLookedUp(l.Sample.Counts[Unknown], l.Sample.Asked))))
}

// unlessRetry is a finding that only informs about a retry.
func (l look) unlessRetry(f job.Finding) []job.Finding {
	f.Stops = f.Stops && !l.Retry
	return []job.Finding{f}
}

// ofLookedUp begins a sentence about some of those looked up.
func ofLookedUp(n, asked int) string {
	if n == 1 && asked == 1 {
		return "The one user looked up is"
	}
	return fmt.Sprintf("%d of %d users looked up are", n, asked)
}

func unknownStops(s *Sample) bool {
	if s == nil || s.Asked == 0 {
		return false
	}
	low, _ := s.Interval(Unknown)
	return low > unknownMost
}

// resettableLeast is the share of users that can be reset below which a list is not
// worth sending. A list of a whole pool may hold many who cannot be, and goes on.
const resettableLeast = 0.1

// mostlyUnresettable leaves to mostlyUnknown and adminOnly what they say more
// precisely.
func mostlyUnresettable(l look) []job.Finding {
	s := l.Sample
	if s == nil || s.Asked == 0 || unknownStops(s) || l.Pool != nil && len(channelsOf(l.Pool)) == 0 {
		return nil
	}
	if _, high := s.Interval(Resettable); high > resettableLeast {
		return nil
	}
	var kinds, remedies []string
	for _, f := range Fates() {
		if n := s.Counts[f]; n > 0 && f != Resettable {
			kinds = append(kinds, fmt.Sprintf("%d %s", n, f.Words()))
			remedies = append(remedies, f.remedy())
		}
	}
	whole := "No user looked up can be reset"
	if n := s.Counts[Resettable]; n > 0 {
		whole = fmt.Sprintf("Only %d of %d users looked up can be reset", n, s.Asked)
	}
	return l.unlessRetry(found(MostlyNotReset, fmt.Sprintf("%s: %s. %s.", whole, strings.Join(kinds, ", "), strings.Join(remedies, ". "))))
}
