package ledgertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
)

// move is one operation of a sequence on a target. It returns what it answered,
// as text. A lease of nothing is over at once, as if its owner had crashed and
// time had passed; so sequences need no clock and can run side by side.
type move struct {
	name string
	do   func(t T, l Ledger, key ledger.Key, attempts map[string]int, at time.Time) string
}

func claimMove(owner string, lease time.Duration) move {
	return move{fmt.Sprintf("%s claims for %v", owner, lease),
		func(t T, l Ledger, key ledger.Key, attempts map[string]int, _ time.Time) string {
			c, err := l.Claim(t.Context(), key, owner, lease)
			if c.Status == ledger.Granted || c.Status == ledger.GrantedInDoubt {
				attempts[owner] = c.Attempt
			}
			return fmt.Sprint(c.Status, c.Attempt, c.Tries, c.Outcome, c.SignOut, c.Until.UnixMilli(), answer(err))
		}}
}

func recordMove(owner string) move {
	return move{owner + " records",
		func(t T, l Ledger, key ledger.Key, attempts map[string]int, at time.Time) string {
			return answer(l.Record(t.Context(), ledger.Record{
				Key: key, Owner: owner, Attempt: attempts[owner], Outcome: job.Reset, Calls: 1, RequestID: owner, At: at, SignOut: owner == "A",
			}))
		}}
}

func releaseMove(owner string, doubt bool) move {
	return move{fmt.Sprintf("%s releases, in doubt: %v", owner, doubt),
		func(t T, l Ledger, key ledger.Key, attempts map[string]int, _ time.Time) string {
			return answer(l.Release(t.Context(), ledger.Release{
				Key: key, Owner: owner, Attempt: attempts[owner], InDoubt: doubt, Tried: true, Repeated: doubt,
			}))
		}}
}

// moves is the alphabet of the sequences. Two workers, of which A is the one
// that crashes, are enough to bring about every state of a target.
var moves = []move{
	claimMove("A", time.Minute),
	claimMove("A", 0),
	claimMove("B", time.Minute),
	recordMove("A"),
	recordMove("B"),
	releaseMove("A", false),
	releaseMove("A", true),
	closeMove,
}

// signOutMoves is the alphabet of the sequences about the second step, for which
// a target needs its outcome first. A asks for a sign-out, B does not.
var signOutMoves = []move{
	claimMove("A", time.Minute),
	claimMove("B", 0),
	recordMove("A"),
	recordMove("B"),
	signOutMove(job.SignOutDone),
	signOutMove(job.SignOutFailed),
	{"close sign-outs", func(t T, l Ledger, key ledger.Key, _ map[string]int, at time.Time) string {
		n, err := l.CloseSignOuts(t.Context(), key.Job, at)
		return fmt.Sprint(n, answer(err))
	}},
	closeMove,
}

var closeMove = move{"close out", func(t T, l Ledger, key ledger.Key, _ map[string]int, at time.Time) string {
	n, err := l.CloseOut(t.Context(), key.Job, job.Cancelled, at)
	return fmt.Sprint(n, answer(err))
}}

func signOutMove(to job.SignOut) move {
	return move{"sign-out " + string(to), func(t T, l Ledger, key ledger.Key, _ map[string]int, at time.Time) string {
		return answer(l.RecordSignOut(t.Context(), ledger.SignOutRecord{Key: key, State: to, At: at}))
	}}
}

// answer names the errors that a caller tells apart.
func answer(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, ledger.ErrClaimLost):
		return "claim lost"
	default:
		return err.Error()
	}
}

// sequences tries every sequence of Depth moves.
func sequences(t T, e *Env) { tryAll(t, e, "sequence", moves, e.Depth) }

// signOutSequences tries every sequence of one fewer about the second step.
func signOutSequences(t T, e *Env) { tryAll(t, e, "sign-out", signOutMoves, e.Depth-1) }

// tryAll tries every sequence of depth moves, each on a target of its own, and
// compares every answer and the end with the model's.
func tryAll(t T, e *Env, name string, moves []move, depth int) {
	total := 1
	for range depth {
		total *= len(moves)
	}
	var mu sync.Mutex
	next, failed := 0, 0
	var wg sync.WaitGroup
	for range e.Racers {
		wg.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				stop := n >= total || failed > 5
				mu.Unlock()
				if stop {
					return
				}
				if diff := sequence(t, e, name, moves, depth, n); diff != "" {
					t.Errorf("%s", diff)
					mu.Lock()
					failed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
}

// sequence plays sequence n to the ledger and to the model, and says where they
// part.
func sequence(t T, e *Env, name string, moves []move, depth, n int) string {
	ctx := t.Context()
	model := NewMemory("", e.Clock.Now)
	key := ledger.Key{Job: fmt.Sprintf("%s-%d-%d", name, depth, n), Username: "u"}
	for _, l := range []Ledger{e.L, model} {
		err := l.CreateJob(ctx, job.Job{ID: key.Job, Created: e.Clock.Now()})
		if err == nil {
			err = l.AddTargets(ctx, key.Job, []job.Target{{Username: key.Username, Line: 1}})
		}
		if err != nil {
			return err.Error()
		}
	}
	got, want := make(map[string]int), make(map[string]int)
	var played []string
	for i := range depth {
		m := moves[n%len(moves)]
		n /= len(moves)
		played = append(played, m.name)
		l := e.L
		if i%2 == 1 {
			l = e.Other
		}
		at := e.Clock.Now().Add(time.Duration(i) * time.Second)
		if g, w := m.do(t, l, key, got, at), m.do(t, model, key, want, at); g != w {
			return fmt.Sprintf("%s: %q, want %q", strings.Join(played, "; "), g, w)
		}
	}
	if diff := compare(t, e.Other, model, key.Job); diff != "" {
		return fmt.Sprintf("%s: %s", strings.Join(played, "; "), diff)
	}
	return ""
}

// compare says where a job differs from the model's, in entries or totals.
func compare(t T, l Ledger, model *Memory, id string) string {
	var got, want []ledger.Entry
	for e, err := range l.Entries(t.Context(), id, ledger.Filter{}) {
		if err != nil {
			return err.Error()
		}
		got = append(got, e)
	}
	for e := range model.Entries(t.Context(), id, ledger.Filter{}) {
		want = append(want, e)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		return "the entries (-want +got): " + diff
	}
	totals, err := l.Totals(t.Context(), id)
	if err != nil {
		return err.Error()
	}
	if diff := cmp.Diff(count(want), totals, cmpopts.EquateEmpty()); diff != "" {
		return "the totals (-want +got): " + diff
	}
	return ""
}
