package worker

// One worker per account and Region calls Cognito; the others stand by. Which
// one, says a lease in the ledger: a name, an owner and a counter, written by
// compare-and-set. No clocks are compared between hosts, and no process is
// trusted to notice by itself in time that it was replaced.
//
// The holder moves the counter every renewEvery. Whatever a call's moment, it has
// to lie within holdFor of the *start* of the last renewal that succeeded: of the
// start, because the write took effect some time after it, and by the monotonic
// and the wall clock, whichever counts more, because the one stands still while a
// machine is suspended and the other may be set back. No call begins with less
// than spare left, one under way is cut off at the end, and Guard refuses the
// bytes of one that was about to go out when the process was suspended.
//
// A standby reads the lease every lookEvery and takes it over when the counter
// has not moved for silentFor since the standby first *saw* it, by its own
// monotonic clock. It saw it after the write took effect, which was after the
// renewal started, so the holder's time is over silentFor - holdFor before: five
// seconds for the last bytes on their way and for clocks that run unevenly. The
// take-over is a compare-and-set on the counter that was seen: it fails if the
// holder has moved it, so a stale read or a standby that was suspended does no
// harm.
//
//	renewEvery 3 s    holdFor - renewEvery = 15 s: a call begun just before a
//	                  renewal has the whole default of --call-timeout, and two or
//	                  three renewals may fail or time out before calls end
//	holdFor    18 s
//	silentFor  23 s   holdFor and five seconds
//	lookEvery  2 s    silence is noticed after 25 s at most; five are left of the
//	                  30 s that are promised, for a slow ledger and the first receive
//
// Every write is unlike any other (leaseState.Write), so that a success means that
// this very write was made after its start, and not that an earlier one, whose
// answer was lost, was found. After any other answer the lease is read before it
// is written again.
//
// A worker that ends in order gives the lease up, and the next one starts at
// once. So does one on the same host that can prove the holder's process dead; see
// process.

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"relock/internal/ledger"
	"relock/internal/pace"
)

const (
	renewEvery = 3 * time.Second
	holdFor    = 18 * time.Second
	silentFor  = 23 * time.Second
	lookEvery  = 2 * time.Second
	// spare is how much of the hold a call needs to begin: most calls answer
	// within it, and one that is cut off is in doubt.
	spare = 3 * time.Second
	// leaseTimeout bounds a read or a write of the lease, so that one that hangs
	// leaves time for another.
	leaseTimeout = 6 * time.Second
	// leaseRetry is how long to wait after the ledger has failed.
	leaseRetry = 500 * time.Millisecond
	// giveUpWithin bounds giving the lease up.
	giveUpWithin = time.Second
)

// ErrNotActive says that a call was not made because the lease did not cover it.
var ErrNotActive = errors.New("this worker does not hold the lease of the account and Region")

// leases is what a lease needs of the ledger.
type leases interface {
	Lease(ctx context.Context, name string) (ledger.Lease, error)
	PutLease(ctx context.Context, l ledger.Lease, expect int64) error
}

// leaseState is what the holder hands on.
type leaseState struct {
	// Write makes each write unlike any other of its owner.
	Write int64 `json:"write"`
	// Process is the holder's; nil where it cannot be told from others.
	Process *process `json:"process,omitempty"`
	// Pace is what was learnt, by operation.
	Pace map[string]pace.State `json:"pace,omitempty"`
	// Shown is for those who look on.
	Shown *Shown `json:"shown,omitempty"`
}

// leaseConfig says how a lease works. All but process and shown is required.
type leaseConfig struct {
	ledger      leases
	name, owner string
	// process, if set, is handed on, and the process of another holder is looked
	// for on this host.
	process *process
	// now is the clock.
	now func() instant
	// learnt is what to hand on; restore takes over what another left.
	learnt  func() map[string]pace.State
	restore func(map[string]pace.State)
	// shown, if set, is what to show to those who look on.
	shown func() *Shown
	// turned is called, without a lock, when a term has begun or ended.
	turned func()
	// alive is called each time round.
	alive func()
	log   *slog.Logger
}

// lease keeps one worker's part in the lease. One goroutine calls begin, run and
// giveUp, one after the other; the other methods may be called concurrently.
type lease struct {
	cfg leaseConfig

	// Of the keeping goroutine alone:
	mine    bool   // the ledger named us when it last answered
	tried   bool   // we may be named
	counter int64  // in the ledger, as far as we know
	writes  int64  // so far
	seen    string // another's lease: its owner,
	moved   int64  // its counter,
	since   instant
	failing bool // the ledger did not answer last time

	mu      sync.Mutex
	term    int // number of the present or last term
	held    bool
	renewed instant // the start of the last renewal that succeeded
	over    context.Context
	end     context.CancelFunc // ends over
	timer   *time.Timer        // ends the term
	other   string             // who is active instead; empty if not known
	theirs  *Shown             // how that one stands; nil if it has not said
	changed chan struct{}      // closed when a term begins or ends
}

func newLease(c leaseConfig) *lease { return &lease{cfg: c, changed: make(chan struct{})} }

// begin takes the lease if it is free. An error means that the ledger failed.
func (l *lease) begin(ctx context.Context) error {
	return patiently(ctx, func() (bool, error) {
		_, err := l.step(ctx)
		return false, err
	})
}

// run keeps the lease, or stands by until it can be taken, until ctx ends.
func (l *lease) run(ctx context.Context) {
	var wait time.Duration
	if l.mine {
		wait = renewEvery
	}
	for {
		if !sleep(ctx, wait, nil) {
			return
		}
		l.cfg.alive()
		var err error
		if wait, err = l.step(ctx); ctx.Err() == nil {
			l.tell(err)
		}
	}
}

// tell logs when the ledger begins or ends to fail.
func (l *lease) tell(err error) {
	switch failing := err != nil; {
	case failing && !l.failing:
		l.cfg.log.Warn("the ledger does not answer for the lease; calls end with it", "error", err)
	case !failing && l.failing:
		l.cfg.log.Info("the ledger answers for the lease again")
	}
	l.failing = err != nil
}

// step reads the lease unless it is ours, and writes it if it is or may be taken.
// It returns how long to wait for the next step.
func (l *lease) step(ctx context.Context) (time.Duration, error) {
	var left map[string]pace.State
	if !l.mine {
		found, take, wait, err := l.look(ctx)
		if !take {
			return wait, err
		}
		if found.Owner != l.cfg.owner {
			left = readState(found.State).Pace
		}
	}
	return l.put(ctx, left)
}

// look reads the lease and decides whether to write it.
func (l *lease) look(ctx context.Context) (found ledger.Lease, take bool, wait time.Duration, err error) {
	read, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	found, err = l.cfg.ledger.Lease(read, l.cfg.name)
	if err != nil {
		return found, false, leaseRetry, err
	}
	now := l.cfg.now()
	l.counter = found.Counter
	switch {
	case found.Owner == l.cfg.owner: // the answer to a write was lost
		return found, true, 0, nil
	case found.Owner == "":
		return found, true, 0, nil
	case l.dead(found):
		l.cfg.log.Info("the process of the active worker has ended; taking over", "active", found.Owner)
		return found, true, 0, nil
	case found.Owner != l.seen || found.Counter != l.moved:
		l.seen, l.moved, l.since = found.Owner, found.Counter, now
		l.standBy(found.Owner, readState(found.State).Shown)
	}
	left := silentFor - (now.mono - l.since.mono)
	if left <= 0 {
		l.cfg.log.Warn("the active worker is silent; taking over", "active", found.Owner, "for", now.mono-l.since.mono)
		return found, true, 0, nil
	}
	return found, false, min(lookEvery, left), nil
}

// dead reports whether the holder's process is known to have ended.
func (l *lease) dead(found ledger.Lease) bool {
	if l.cfg.process == nil {
		return false
	}
	p := readState(found.State).Process
	return p != nil && p.gone(l.cfg.process)
}

// put writes the lease: a renewal, or a take-over from whoever left what they
// had learnt.
func (l *lease) put(ctx context.Context, left map[string]pace.State) (time.Duration, error) {
	l.tried = true
	next := ledger.Lease{Name: l.cfg.name, Owner: l.cfg.owner, Counter: l.counter + 1, State: l.state(l.cfg.process)}
	write, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	start := l.cfg.now()
	err := l.cfg.ledger.PutLease(write, next, l.counter)
	// After a failure the write may have been made or not: read it.
	l.mine = err == nil
	switch {
	case err == nil:
		l.counter = next.Counter
		l.extend(start, left)
		return max(0, renewEvery-start.until(l.cfg.now())), nil
	case errors.Is(err, ledger.ErrLeaseLost):
		return leaseRetry / 5, nil
	default:
		return leaseRetry, err
	}
}

func (l *lease) state(p *process) []byte {
	l.writes++
	s := leaseState{Write: l.writes, Process: p, Pace: l.cfg.learnt()}
	if l.cfg.shown != nil {
		s.Shown = l.cfg.shown()
	}
	b, err := json.Marshal(s)
	if err != nil {
		// The pace is not a number that JSON has; the rest always marshals.
		b, _ = json.Marshal(leaseState{Write: l.writes, Process: p})
	}
	return b
}

// readState is lenient: what it cannot read was left by another version.
func readState(b []byte) leaseState {
	var s leaseState
	if err := json.Unmarshal(b, &s); err != nil {
		return leaseState{}
	}
	return s
}

// extend notes a renewal that began at start and has succeeded, and begins a term
// if there is none.
func (l *lease) extend(start instant, left map[string]pace.State) {
	l.mu.Lock()
	rest := holdFor - start.until(l.cfg.now())
	if rest <= 0 { // the answer took too long, as after a suspension
		l.mu.Unlock()
		return
	}
	l.renewed, l.other = start, ""
	if l.held {
		l.timer.Reset(rest)
		l.mu.Unlock()
		return
	}
	l.cfg.restore(left)
	l.held = true
	l.term++
	l.over, l.end = context.WithCancel(context.Background())
	l.timer = time.AfterFunc(rest, l.lapse)
	l.signalLocked()
	l.mu.Unlock()
	l.cfg.log.Info("this worker is the active one of the account and Region", "lease", l.cfg.name)
	l.cfg.turned()
}

// lapse ends the term if it has not been renewed in time.
func (l *lease) lapse() {
	l.mu.Lock()
	if !l.held {
		l.mu.Unlock()
		return
	}
	if left := l.leftLocked(); left > 0 { // renewed while the timer went off
		l.timer.Reset(left)
		l.mu.Unlock()
		return
	}
	l.endLocked()
	l.mu.Unlock()
	l.cfg.log.Warn("the lease could not be renewed in time: no calls until it is")
	l.cfg.turned()
}

// standBy notes that another worker is active, and how it stands.
func (l *lease) standBy(owner string, shown *Shown) {
	l.mu.Lock()
	held, news := l.held, l.other != owner
	l.other, l.theirs = owner, shown
	l.endLocked()
	l.mu.Unlock()
	if held {
		l.cfg.turned()
	}
	if news {
		l.cfg.log.Info("standing by: another worker is active in this account and Region; this one takes over when it ends or falls silent", "active", owner)
	}
}

func (l *lease) endLocked() {
	if !l.held {
		return
	}
	l.held = false
	l.timer.Stop()
	l.end()
	l.signalLocked()
}

func (l *lease) signalLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// giveUp ends the term and lets the next worker start at once, which must not be
// while calls are under way.
func (l *lease) giveUp() {
	l.mu.Lock()
	l.endLocked()
	l.mu.Unlock()
	if !l.tried {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), giveUpWithin)
	defer cancel()
	// A renewal that was under way at the end may still come in between.
	for range 3 {
		found, err := l.cfg.ledger.Lease(ctx, l.cfg.name)
		if err == nil && found.Owner != l.cfg.owner {
			return
		}
		if err == nil {
			err = l.cfg.ledger.PutLease(ctx, ledger.Lease{Name: found.Name, Counter: found.Counter + 1, State: l.state(nil)}, found.Counter)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, ledger.ErrLeaseLost) {
			l.cfg.log.Warn("the lease could not be given up; another worker has to wait until it has run out", "error", err)
			return
		}
	}
}
