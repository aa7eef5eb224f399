package ledger

import (
	"maps"
	"strings"

	"relock/internal/job"
)

// figures count records.
type figures struct {
	outcomes map[job.Outcome]int64
	repeated int64
	last     int64 // when the latest outcome was recorded, in milliseconds
}

// addition is what one write adds to the totals.
type addition struct {
	outcome  job.Outcome // empty for none
	at       int64
	repeated bool
}

func (f *figures) add(a addition) {
	if a.outcome != "" {
		if f.outcomes == nil {
			f.outcomes = make(map[job.Outcome]int64)
		}
		f.outcomes[a.outcome]++
		f.last = max(f.last, a.at)
	}
	if a.repeated {
		f.repeated++
	}
}

// raise makes every figure at least that of g, and reports whether one was lower.
func (f *figures) raise(g figures) (raised bool) {
	for o, n := range g.outcomes {
		if n > f.outcomes[o] {
			if f.outcomes == nil {
				f.outcomes = make(map[job.Outcome]int64)
			}
			f.outcomes[o], raised = n, true
		}
	}
	raised = raised || g.repeated > f.repeated || g.last > f.last
	f.repeated, f.last = max(f.repeated, g.repeated), max(f.last, g.last)
	return raised
}

func (f figures) clone() figures {
	f.outcomes = maps.Clone(f.outcomes)
	return f
}

// outcomePrefix begins the names of the attributes that count outcomes.
const outcomePrefix = "n_"

func (f figures) write(e *edit) *edit {
	for o, n := range f.outcomes {
		e.put(outcomePrefix+string(o), num(n))
	}
	return e.put("repeated", num(f.repeated)).put("last", num(f.last))
}

func readFigures(i item) figures {
	f := figures{repeated: i.int("repeated"), last: i.int("last")}
	for name := range i {
		if o, ok := strings.CutPrefix(name, outcomePrefix); ok {
			if f.outcomes == nil {
				f.outcomes = make(map[job.Outcome]int64)
			}
			f.outcomes[job.Outcome(o)] = i.int(name)
		}
	}
	return f
}
