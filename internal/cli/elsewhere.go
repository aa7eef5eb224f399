package cli

import (
	"relock/internal/job"
	"relock/internal/queue"
)

// elsewhere returns the queue that a job's messages were sent to, if that is another
// than q. Where the ledger does not say, it is not. Two folders are not compared, for
// it is not known from where they were named.
func elsewhere(j job.Job, q place) (was string, other bool) {
	was = j.Plan.Settings[flagQueue]
	if was == "" {
		return "", false
	}
	p, err := queuePlace(was)
	switch {
	case err != nil:
		return was, false
	case p.kind != q.kind:
		return was, true
	case p.kind == "file":
		return was, false
	}
	return was, !sameSQS(p.at, q.at)
}

func sameSQS(a, b string) bool {
	u, errU := queue.ParseURL(a)
	v, errV := queue.ParseURL(b)
	return errU == nil && errV == nil && u.Same(v)
}
