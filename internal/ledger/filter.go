package ledger

import "relock/internal/job"

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
}

// Match reports whether the filter keeps e.
func (f Filter) Match(e Entry) bool {
	return Place(e.Target) > f.After &&
		(!f.Pending || e.Outcome == "") &&
		(!f.Failed || e.Outcome.Failed()) &&
		(!f.Repeated || e.Repeated) &&
		(f.Outcome == "" || e.Outcome == f.Outcome)
}
