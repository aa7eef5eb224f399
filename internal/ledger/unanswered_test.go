package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/ledger"
	"relock/internal/sqlite"
)

// TestUnanswered tells a ledger in a file that is slow from one that has answered.
func TestUnanswered(t *testing.T) {
	gone, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer cancel()
	l := openSQLite(t, t.TempDir(), nil)
	newJob(t, l, 1)
	_, late := l.Claim(gone, ledger.Key{Job: "j", Username: "u1"}, "w", time.Minute)
	_, lateRead := l.Totals(gone, "j")
	_, unknown := l.Job(t.Context(), "none")
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"a claim after the deadline": {late, true},
		"a read after the deadline":  {lateRead, true},
		"a lock":                     {fmt.Errorf("claiming: %w", &sqlite.Error{Kind: sqlite.ErrLocked}), true},
		"a full disk":                {&sqlite.Error{Kind: sqlite.ErrFull}, false},
		"a file that was removed":    {&sqlite.Error{Kind: sqlite.ErrGone}, false},
		"an unknown job":             {unknown, false},
		"a lost claim":               {ledger.ErrClaimLost, false},
		"no error":                   {nil, false},
		"any other":                  {errors.New("no"), false},
	} {
		if got := ledger.Unanswered(c.err); got != c.want {
			t.Errorf("%s: %v, want %v: %v", name, got, c.want, c.err)
		}
	}
}

// TestDynamoDBSuspended: a process that is suspended in a call, for longer than its
// patience, tries again when it goes on; but it does not go on for ever where the
// server always takes so long.
func TestDynamoDBSuspended(t *testing.T) {
	for name, c := range map[string]struct {
		suspensions, tries int
		want               bool
	}{"once": {1, 2, true}, "always": {1000, 2, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				l := stub(t, func(r *http.Request) (*http.Response, error) {
					if tries++; tries <= c.suspensions {
						time.Sleep(time.Minute) // whatever its context says
						return nil, errLost
					}
					return reply(`{}`), nil
				})
				_, err := l.Claim(t.Context(), ledger.Key{Job: "j", Username: "u"}, "w", time.Hour)
				if (err == nil) != c.want || tries != c.tries || err != nil && !ledger.Unanswered(err) {
					t.Errorf("%d tries, error %v, want %d and success: %v", tries, err, c.tries, c.want)
				}
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
