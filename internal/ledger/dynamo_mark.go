package ledger

import (
	"context"
	"fmt"
	"strings"

	"relock/internal/job"
)

// mark is unique among all writes of all handles: by it, a write whose reply was
// lost is told from another's that looks the same.
func (l *DynamoDB) mark() string {
	return fmt.Sprintf("%s-%x", l.session, l.marks.Add(1))
}

// sessionOf is the session that made a mark.
func sessionOf(mark string) string {
	s, _, _ := strings.Cut(mark, "-")
	return s
}

// doubt remembers a write of unknown effect.
func (l *DynamoDB) doubt(id, mark string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure[mark] = id
}

// end names a write that ends a claim, or a second step.
type end struct {
	key     Key
	attempt int
	outcome job.Outcome
	signOut job.SignOut
}

// takeMark is the mark of a write: a new one, or that of the same write tried
// before, of unknown effect. Nobody else has it then.
func (l *DynamoDB) takeMark(k end) (mark string, again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if mark, again = l.again[k]; again {
		delete(l.again, k)
		delete(l.unsure, mark)
		return mark, true
	}
	return l.mark(), false
}

// keepMark keeps a mark for when the write is tried again.
func (l *DynamoDB) keepMark(k end, mark string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again[k] = mark
}

// countLate counts a write of this handle whose effect was unknown until its target
// was seen again, as when its message comes once more.
func (l *DynamoDB) countLate(ctx context.Context, id string, w work) {
	a := l.uncounted(w, "")
	if a == (addition{}) {
		return
	}
	l.mu.Lock()
	t := l.tallies[id] // there is one, for it was announced before the write
	l.mu.Unlock()
	l.count(ctx, t, a)
}

// uncounted is what a target's state shows of writes of this handle that have not
// been counted: that with the given mark, and those whose effect was unknown.
func (l *DynamoDB) uncounted(w work, mark string) (a addition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ours := func(m string) bool {
		_, unsure := l.unsure[m]
		return m != "" && (m == mark || unsure)
	}
	if ours(w.by) {
		a.outcome, a.asked, a.at = w.outcome, w.asked, w.at
	}
	if ours(w.signOutBy) {
		a.ended = w.signOut
	}
	a.repeated = ours(w.repeatedBy)
	delete(l.unsure, w.by)
	delete(l.unsure, w.repeatedBy)
	delete(l.unsure, w.signOutBy)
	return a
}
