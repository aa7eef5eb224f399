package ledger

import (
	"slices"

	"relock/internal/job"
)

// Filter says which targets Entries yields. Fields that are set narrow the
// selection together; the zero Filter yields all targets of the job.
type Filter struct {
	// After leaves out the targets up to and including this Place.
	After int64
	// Pending keeps targets without an outcome.
	Pending bool
	// Failed keeps targets whose outcome is a failure (job.Outcome.Failed).
	Failed bool
	// Repeated keeps targets that may have been reset twice.
	Repeated bool
	// Outcome keeps targets with this outcome.
	Outcome job.Outcome
	// Outcomes keeps targets with one of these outcomes, where it is not empty.
	// The empty outcome is that of a pending target.
	Outcomes []job.Outcome
	// SignOut keeps targets whose second step stands at one of these, where it is
	// not empty.
	SignOut []job.SignOut
}

// Match reports whether the filter keeps e.
func (f Filter) Match(e Entry) bool {
	return Place(e.Target) > f.After &&
		(!f.Pending || e.Outcome == "") &&
		(!f.Failed || e.Outcome.Failed()) &&
		(!f.Repeated || e.Repeated) &&
		(f.Outcome == "" || e.Outcome == f.Outcome) &&
		(len(f.Outcomes) == 0 || slices.Contains(f.Outcomes, e.Outcome)) &&
		(len(f.SignOut) == 0 || slices.Contains(f.SignOut, e.SignOut))
}
