package ledger

import (
	"maps"
	"strings"

	"relock/internal/job"
)

// figures count records. None ever falls: what is pending is a difference.
type figures struct {
	outcomes map[job.Outcome]int64
	// asked counts the outcomes that a second step follows, and ended the second
	// steps that have ended.
	asked    map[job.Outcome]int64
	ended    map[job.SignOut]int64
	repeated int64
	last     int64 // when the latest outcome was recorded, in milliseconds
}

// addition is what one write adds to the totals.
type addition struct {
	outcome  job.Outcome // empty for none
	asked    bool        // a second step follows the outcome
	at       int64
	repeated bool
	ended    job.SignOut // empty for none
}

func (f *figures) add(a addition) {
	if a.outcome != "" {
		count(&f.outcomes, a.outcome)
		f.last = max(f.last, a.at)
		if a.asked {
			count(&f.asked, a.outcome)
		}
	}
	if a.repeated {
		f.repeated++
	}
	if a.ended != "" {
		count(&f.ended, a.ended)
	}
}

func count[K comparable](m *map[K]int64, k K) {
	if *m == nil {
		*m = make(map[K]int64)
	}
	(*m)[k]++
}

// raise makes every figure at least that of g, and reports whether one was lower.
func (f *figures) raise(g figures) (raised bool) {
	raised = raiseAll(&f.outcomes, g.outcomes)
	raised = raiseAll(&f.asked, g.asked) || raised
	raised = raiseAll(&f.ended, g.ended) || raised
	raised = raised || g.repeated > f.repeated || g.last > f.last
	f.repeated, f.last = max(f.repeated, g.repeated), max(f.last, g.last)
	return raised
}

func raiseAll[K comparable](f *map[K]int64, g map[K]int64) (raised bool) {
	for k, n := range g {
		if n > (*f)[k] {
			if *f == nil {
				*f = make(map[K]int64)
			}
			(*f)[k], raised = n, true
		}
	}
	return raised
}

func (f figures) clone() figures {
	f.outcomes, f.asked, f.ended = maps.Clone(f.outcomes), maps.Clone(f.asked), maps.Clone(f.ended)
	return f
}

// The beginnings of the names of the attributes that count.
const (
	outcomePrefix = "n_"
	askedPrefix   = "asked_"
	endedPrefix   = "ended_"
)

func (f figures) write(e *edit) *edit {
	putCounts(e, outcomePrefix, f.outcomes)
	putCounts(e, askedPrefix, f.asked)
	putCounts(e, endedPrefix, f.ended)
	return e.put("repeated", num(f.repeated)).put("last", num(f.last))
}

func readFigures(i item) figures {
	f := figures{repeated: i.int("repeated"), last: i.int("last")}
	for name := range i {
		readCount(&f.outcomes, i, name, outcomePrefix)
		readCount(&f.asked, i, name, askedPrefix)
		readCount(&f.ended, i, name, endedPrefix)
	}
	return f
}

func putCounts[K ~string](e *edit, prefix string, m map[K]int64) {
	for k, n := range m {
		e.put(prefix+string(k), num(n))
	}
}

func readCount[K ~string](m *map[K]int64, i item, name, prefix string) {
	k, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return
	}
	if *m == nil {
		*m = make(map[K]int64)
	}
	(*m)[K(k)] = i.int(name)
}
