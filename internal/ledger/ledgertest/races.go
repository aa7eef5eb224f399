package ledgertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
)

// raceForOneClaim lets many goroutines want the same targets at once: of each,
// exactly one claim is granted, and nobody else can record.
func raceForOneClaim(t T, e *Env) {
	const rounds = 8
	var usernames []string
	for i := range rounds {
		usernames = append(usernames, fmt.Sprint("u", i))
	}
	id := e.newJob(t, usernames...)
	for i, u := range usernames {
		key := ledger.Key{Job: id, Username: job.Username(u)}
		// In half of the rounds, what they race for is a claim left open.
		want, attempt := ledger.Granted, 1
		if i%2 == 1 {
			if _, err := e.L.Claim(t.Context(), key, "crashed", 0); err != nil {
				t.Fatalf("claiming: %v", err)
			}
			want, attempt = ledger.GrantedInDoubt, 2
		}
		var mu sync.Mutex
		statuses := make(map[ledger.ClaimStatus]int)
		recorded := 0
		var wg sync.WaitGroup
		start := make(chan struct{})
		for r := range e.Racers {
			l := e.L
			if r%2 == 1 {
				l = e.Other
			}
			owner := fmt.Sprint("w", r)
			wg.Go(func() {
				<-start
				c, err := l.Claim(t.Context(), key, owner, time.Minute)
				if err != nil {
					t.Errorf("claiming: %v", err)
				}
				err = l.Record(t.Context(), ledger.Record{Key: key, Owner: owner, Attempt: attempt, Outcome: job.Reset, RequestID: owner, At: e.Clock.Now()})
				if err != nil && !errors.Is(err, ledger.ErrClaimLost) {
					t.Errorf("recording: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				statuses[c.Status]++
				if err == nil {
					recorded++
				}
			})
		}
		close(start)
		wg.Wait()
		if statuses[want] != 1 || statuses[ledger.Held]+statuses[ledger.Finished] != e.Racers-1 || recorded != 1 {
			t.Errorf("round %d: %v of %d racers, %d records; want one grant and one record", i, statuses, e.Racers, recorded)
		}
	}
	wantTotals := ledger.Totals{Targets: rounds, Outcomes: map[job.Outcome]int64{job.Reset: rounds}, Last: e.Clock.Now()}
	totals, err := e.L.Totals(t.Context(), id)
	if diff := cmp.Diff(wantTotals, totals, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the totals (-want +got): %s%v", diff, err)
	}
}

// raceOfEverything lets goroutines do at random to few targets what workers do,
// crashes included. Whatever came of it, totals are counts, every target has one
// outcome, and it was granted at least as often as it was claimed to the end.
func raceOfEverything(t T, e *Env) {
	const targets = 24
	var usernames []string
	for i := range targets {
		usernames = append(usernames, fmt.Sprint("u", i))
	}
	id := e.newJob(t, usernames...)
	outcomes := job.Outcomes()
	var mu sync.Mutex
	grants := make(map[job.Username]int)
	records := make(map[job.Username]int)
	var wg sync.WaitGroup
	for r := range e.Racers {
		l := e.L
		if r%2 == 1 {
			l = e.Other
		}
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(7, uint64(r)))
			owner := fmt.Sprint("w", r)
			for range 12 {
				key := ledger.Key{Job: id, Username: job.Username(usernames[rng.IntN(targets)])}
				lease := time.Minute
				if rng.IntN(3) == 0 {
					lease = 0
				}
				c, err := l.Claim(t.Context(), key, owner, lease)
				if err != nil {
					t.Errorf("claiming: %v", err)
					return
				}
				if c.Status != ledger.Granted && c.Status != ledger.GrantedInDoubt {
					continue
				}
				mu.Lock()
				grants[key.Username]++
				mu.Unlock()
				switch rng.IntN(4) {
				case 0: // crash
					continue
				case 1:
					err = l.Release(t.Context(), ledger.Release{Key: key, Owner: owner, Attempt: c.Attempt,
						InDoubt: rng.IntN(2) == 0, Tried: true, Repeated: rng.IntN(4) == 0})
				default:
					err = l.Record(t.Context(), ledger.Record{Key: key, Owner: owner, Attempt: c.Attempt, Calls: 1,
						Outcome: outcomes[rng.IntN(len(outcomes))], Repeated: rng.IntN(8) == 0, RequestID: owner, At: e.Clock.Now(),
						SignOut: rng.IntN(2) == 0})
					if err == nil {
						mu.Lock()
						records[key.Username]++
						mu.Unlock()
						if rng.IntN(3) > 0 {
							err = l.RecordSignOut(t.Context(), ledger.SignOutRecord{Key: key, State: job.SignOuts()[1+rng.IntN(2)], At: e.Clock.Now()})
						}
					}
				}
				if err != nil && !errors.Is(err, ledger.ErrClaimLost) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	wg.Wait()
	all := entries(t, e.L, id, ledger.Filter{})
	for _, entry := range all {
		recorded := 0
		if entry.Outcome != "" {
			recorded = 1
		}
		attempts := entry.Attempts
		if e.Lossy {
			attempts = min(attempts, grants[entry.Username])
		}
		if records[entry.Username] != recorded || grants[entry.Username] != attempts || entry.Calls != recorded {
			t.Errorf("line %d: %d records were taken, the outcome is %q; %d claims were granted, the ledger says %d; %d calls",
				entry.Line, records[entry.Username], entry.Outcome, grants[entry.Username], entry.Attempts, entry.Calls)
		}
	}
	totals, err := e.Other.Totals(t.Context(), id)
	if diff := cmp.Diff(count(all), totals, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the totals (-count +totals): %s%v", diff, err)
	}
}

// raceForOneSignOut lets many goroutines end the same second steps at once, and
// one close them all: each ends once, as one of them said, and counts once.
func raceForOneSignOut(t T, e *Env) {
	const targets = 6
	var usernames []string
	for i := range targets {
		usernames = append(usernames, fmt.Sprint("u", i))
	}
	id := e.newJob(t, usernames...)
	for _, u := range usernames {
		key := ledger.Key{Job: id, Username: job.Username(u)}
		c, err := e.L.Claim(t.Context(), key, "w", time.Minute)
		if err == nil {
			err = e.L.Record(t.Context(), ledger.Record{Key: key, Owner: "w", Attempt: c.Attempt, Outcome: job.Reset, At: e.Clock.Now(), SignOut: true})
		}
		if err != nil {
			t.Fatalf("recording: %v", err)
		}
	}
	at := e.Clock.Now().Add(time.Second)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for r := range e.Racers {
		l, state := e.L, job.SignOutDone
		if r%2 == 1 {
			l, state = e.Other, job.SignOutFailed
		}
		wg.Go(func() {
			<-start
			for i := range usernames {
				u := job.Username(usernames[(r+i)%targets])
				if r == 0 && i == 1 {
					if _, err := l.CloseSignOuts(t.Context(), id, at); err != nil {
						t.Errorf("closing: %v", err)
					}
				}
				err := l.RecordSignOut(t.Context(), ledger.SignOutRecord{
					Key: ledger.Key{Job: id, Username: u}, State: state, Code: string(state), RequestID: string(u), At: at,
				})
				if err != nil {
					t.Errorf("recording a sign-out: %v", err)
				}
			}
		})
	}
	close(start)
	wg.Wait()
	all := entries(t, e.L, id, ledger.Filter{})
	for _, entry := range all {
		want := ledger.Entry{Target: entry.Target, Outcome: job.Reset, Attempts: 1, At: e.Clock.Now(), SignOut: entry.SignOut, SignOutAt: at}
		want.SignOutCode, want.SignOutRequestID = string(entry.SignOut), string(entry.Username)
		if entry.SignOutCode == ledger.CodeMissing {
			want.SignOut, want.SignOutCode, want.SignOutRequestID = job.SignOutFailed, ledger.CodeMissing, ""
		}
		if diff := cmp.Diff(want, entry); diff != "" || entry.SignOut == job.SignOutPending {
			t.Errorf("line %d (-want +got): %s", entry.Line, diff)
		}
	}
	totals, err := e.Other.Totals(t.Context(), id)
	if diff := cmp.Diff(count(all), totals, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the totals (-count +totals): %s%v", diff, err)
	}
	if n := totals.SignOuts[job.SignOutDone] + totals.SignOuts[job.SignOutFailed]; n != targets {
		t.Errorf("%d sign-outs have ended, want %d", n, targets)
	}
}
