package cli

import (
	"net/url"
	"path"

	"relock/internal/job"
	"relock/internal/queue"
)

// elsewhere returns the queue that a job's messages were sent to, if that is another
// than q. Where the ledger does not say, it is not. One queue may be reached under
// several hosts, so that account and name count, and the Region where both URLs have
// one; two folders are not compared, for it is not known from where they were named.
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
	regionA, _, errA := queue.ParseURL(a)
	regionB, _, errB := queue.ParseURL(b)
	if errA != nil || errB != nil || regionA != "" && regionB != "" && regionA != regionB {
		return false
	}
	return accountAndName(a) == accountAndName(b)
}

func accountAndName(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	dir, name := path.Split(u.Path)
	return path.Base(dir) + "/" + name
}
