package ledger

import "relock/internal/job"

// nextSeal is the seal that a job keeps which has one already, when it is sealed
// again: a seal that nobody signed takes a signature over the same root, a signed
// one stays as it is. Anything else is ErrSealed.
func nextSeal(was, s job.Seal) (job.Seal, error) {
	switch {
	case was.Root != s.Root || was.Leaves != s.Leaves:
		return was, ErrSealed
	case was.Signature == "":
		return s, nil
	case s.Signature == "" || s == was:
		return was, nil
	}
	return was, ErrSealedByOther
}
