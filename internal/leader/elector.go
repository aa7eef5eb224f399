// Package leader elects the one worker of an account and Region that calls Cognito;
// the others stand by. Who leads is decided by a lease in the ledger: a name, an owner
// and a counter, written by compare-and-swap. Clocks are not compared between hosts,
// and no process is trusted to notice by itself in time that it was replaced.
//
// The leader moves the counter every RenewInterval. Whatever a call's moment, it has
// to lie within RenewDeadline of the *start* of the last renewal that succeeded: of the
// start, because the write took effect some time after it, and by the monotonic and the
// wall clock, whichever counts more, because the one stands still while a machine is
// suspended and the other may be set back. No call begins with less than CallMargin
// left, one under way is cut off at the end, and Fence refuses the bytes of one that was
// about to go out when the process was suspended.
//
// A standby reads the lease every RetryPeriod and takes it over when the counter has
// not moved for LeaseDuration since the standby first *saw* it, by its own monotonic
// clock. It saw it after the write took effect, which was after the renewal started, so
// the leader's time was over LeaseDuration - RenewDeadline before: five seconds for the
// last bytes on their way and for clocks that run unevenly. The takeover is a
// compare-and-swap on the counter that was seen: it fails if the leader has moved it, so
// a stale read or a standby that was suspended does no harm.
//
// Every write is unlike any other (record.Write), so that a success means that this
// very write was made after its start, and not that an earlier one, whose answer was
// lost, was found. After any other answer the lease is read before it is written again.
//
// A leader that ends in order resigns, and the next one starts at once. So does one on
// the same host that can prove the leader's process dead; see process.
package leader

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"relock/internal/ledger"
)

const (
	// RenewInterval is how often the leader renews the lease. With RenewDeadline it
	// leaves 15 s: a call begun just before a renewal has the whole default of
	// --call-timeout, and two or three renewals may fail before calls end.
	RenewInterval = 3 * time.Second
	// RenewDeadline is how long after the start of its last renewal a leader may call.
	RenewDeadline = 18 * time.Second
	// LeaseDuration is how long a standby waits without a renewal before it takes over.
	LeaseDuration = 23 * time.Second
	// RetryPeriod is how often a standby reads the lease: silence is noticed after 25 s
	// at most, and five are left of the 30 s that are promised.
	RetryPeriod = 2 * time.Second
	// CallMargin is how much of the deadline a call needs to begin: most calls answer
	// within it, and one that is cut off is in doubt.
	CallMargin = 3 * time.Second

	// storeTimeout bounds a read or a write of the lease, so that one that hangs leaves
	// time for another.
	storeTimeout = 6 * time.Second
	// storeRetry is the wait after the store has failed.
	storeRetry = 500 * time.Millisecond
	// resignTimeout bounds resigning.
	resignTimeout = time.Second
)

// Store keeps the lease; a ledger is one.
type Store interface {
	Lease(ctx context.Context, name string) (ledger.Lease, error)
	PutLease(ctx context.Context, l ledger.Lease, expect int64) error
}

// Config says how an Elector works. Store, Name and Owner are required.
type Config struct {
	Store Store
	// Name is what is led: the account and Region.
	Name string
	// Owner names this candidate; no two may share a name.
	Owner string
	// SameHost says that all candidates run under one kernel: then a leader whose
	// process is dead is not waited for.
	SameHost bool
	// Data, if set, is what each write of the lease hands to standbys and to the next
	// leader, as JSON; Restore, if set, gets what the leader before left, or nil.
	Data    func() any
	Restore func(data json.RawMessage)
	// Candidate, if set, reports whether to lead at all. A leader that is no candidate
	// any more resigns as soon as Idle, if set, says that no call is under way.
	Candidate, Idle func() bool
	// Changed, if set, is called without a lock when leadership has begun or ended.
	Changed func()
	// Alive, if set, is called each time round.
	Alive func()
	// Clock defaults to NewClock().
	Clock func() Instant
	// Logger defaults to one that discards.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Data == nil {
		c.Data = func() any { return nil }
	}
	if c.Restore == nil {
		c.Restore = func(json.RawMessage) {}
	}
	if c.Candidate == nil {
		c.Candidate = func() bool { return true }
	}
	if c.Idle == nil {
		c.Idle = func() bool { return true }
	}
	if c.Changed == nil {
		c.Changed = func() {}
	}
	if c.Alive == nil {
		c.Alive = func() {}
	}
	if c.Clock == nil {
		c.Clock = NewClock()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// record is the state of the lease.
type record struct {
	// Write makes each write unlike any other of its owner.
	Write int64 `json:"write"`
	// Process is the leader's; nil where it cannot be told from others.
	Process *process        `json:"process,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// Data is what the leader handed on with the lease; nil if nobody leads, or the leader
// said nothing that can be read.
func Data(l ledger.Lease) json.RawMessage {
	if l.Owner == "" {
		return nil
	}
	return readRecord(l.State).Data
}

// readRecord is lenient: what it cannot read was left by another version.
func readRecord(b []byte) record {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return record{}
	}
	return r
}

// Elector is one candidate. One goroutine calls Begin, Run and Resign, one after the
// other; the other methods may be called concurrently.
type Elector struct {
	cfg     Config
	process *process // nil where processes are not compared

	// Of the goroutine that runs it alone:
	mine    bool   // the store named us when it last answered
	tried   bool   // we may be named
	counter int64  // in the store, as far as we know
	writes  int64  // so far
	seen    string // another's lease: its owner,
	moved   int64  // its counter,
	since   Instant
	failing bool // the store did not answer last time

	mu      sync.Mutex
	number  int // of the present or last leadership
	leading bool
	barred  bool    // no call may begin, though this worker leads
	renewed Instant // the start of the last renewal that succeeded
	over    context.Context
	end     context.CancelFunc // ends over
	timer   *time.Timer        // ends the leadership
	other   string             // who leads instead; empty if not known
	theirs  json.RawMessage    // what that one says
	heard   Instant            // when its counter was first seen as it is
	changed chan struct{}      // closed when leadership begins or ends
}

// New makes an Elector.
func New(c Config) *Elector {
	e := &Elector{cfg: c.withDefaults(), changed: make(chan struct{})}
	if c.SameHost {
		e.process = thisProcess()
	}
	return e
}

// Begin takes the lease if it is free. An error means that the store failed.
func (e *Elector) Begin(ctx context.Context) error {
	_, err := e.step(ctx)
	return err
}

// Run keeps the lease, or stands by until it can be taken, until ctx ends.
func (e *Elector) Run(ctx context.Context) {
	var wait time.Duration
	if e.mine {
		wait = RenewInterval
	}
	for {
		if !sleep(ctx, wait, nil) {
			return
		}
		e.cfg.Alive()
		var err error
		if wait, err = e.step(ctx); ctx.Err() == nil {
			e.logStore(err)
		}
	}
}

// logStore says when the store begins or ends to fail.
func (e *Elector) logStore(err error) {
	switch failing := err != nil; {
	case failing && !e.failing:
		e.cfg.Logger.Warn("the ledger does not answer for the lease; calls end with it", "error", err)
	case !failing && e.failing:
		e.cfg.Logger.Info("the ledger answers for the lease again")
	}
	e.failing = err != nil
}

// step reads the lease unless it is ours, and writes it if it is or may be taken.
// It returns how long to wait for the next step.
func (e *Elector) step(ctx context.Context) (time.Duration, error) {
	if !e.cfg.Candidate() {
		return e.standAside(ctx)
	}
	e.bar(false)
	var left json.RawMessage
	if !e.mine {
		found, take, wait, err := e.read(ctx)
		if !take {
			return wait, err
		}
		if found.Owner != e.cfg.Owner {
			left = readRecord(found.State).Data
		}
	}
	return e.put(ctx, left)
}

// standAside resigns if the lease is ours, and else only looks who has it. No call
// begins from now on, and those under way are waited for.
func (e *Elector) standAside(ctx context.Context) (time.Duration, error) {
	if !e.mine {
		_, _, _, err := e.read(ctx)
		return RetryPeriod, err
	}
	if e.bar(true) && e.cfg.Idle() {
		e.mine = false
		e.Resign()
		return RetryPeriod, nil
	}
	if e.renewed.Until(e.cfg.Clock()) < RenewInterval {
		return marginCheck, nil
	}
	return e.put(ctx, nil)
}

// bar keeps calls from beginning, or lets them; it returns what was so before.
func (e *Elector) bar(on bool) (was bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	was, e.barred = e.barred, on
	return was
}

// read reads the lease and decides whether to write it.
func (e *Elector) read(ctx context.Context) (found ledger.Lease, take bool, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	found, err = e.cfg.Store.Lease(ctx, e.cfg.Name)
	if err != nil {
		return found, false, storeRetry, err
	}
	now := e.cfg.Clock()
	e.counter = found.Counter
	switch {
	case found.Owner == e.cfg.Owner: // the answer to a write was lost
		return found, true, 0, nil
	case found.Owner == "":
		return found, true, 0, nil
	case e.dead(found):
		e.cfg.Logger.Info("the process of the active worker has ended; taking over", "active", found.Owner)
		return found, true, 0, nil
	case found.Owner != e.seen || found.Counter != e.moved:
		e.seen, e.moved, e.since = found.Owner, found.Counter, now
		e.standBy(found.Owner, readRecord(found.State).Data)
	}
	left := LeaseDuration - (now.Mono - e.since.Mono)
	if left <= 0 {
		e.cfg.Logger.Warn("the active worker is silent; taking over", "active", found.Owner, "for", now.Mono-e.since.Mono)
		return found, true, 0, nil
	}
	return found, false, min(RetryPeriod, left), nil
}

// Ended reports whether the process of a lease's owner is known to have ended, which
// can be known only where all candidates run under this kernel.
func Ended(l ledger.Lease) bool {
	p, self := readRecord(l.State).Process, thisProcess()
	return l.Owner != "" && p != nil && self != nil && p.gone(self)
}

// dead reports whether the leader's process is known to have ended.
func (e *Elector) dead(found ledger.Lease) bool {
	if e.process == nil {
		return false
	}
	p := readRecord(found.State).Process
	return p != nil && p.gone(e.process)
}

// put writes the lease: a renewal, or a takeover from a leader that left data.
func (e *Elector) put(ctx context.Context, left json.RawMessage) (time.Duration, error) {
	e.tried = true
	next := ledger.Lease{Name: e.cfg.Name, Owner: e.cfg.Owner, Counter: e.counter + 1, State: e.record(e.process)}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	start := e.cfg.Clock()
	err := e.cfg.Store.PutLease(ctx, next, e.counter)
	// After a failure the write may have been made or not: read it.
	e.mine = err == nil
	switch {
	case err == nil:
		e.counter = next.Counter
		e.extend(start, left)
		return max(0, RenewInterval-start.Until(e.cfg.Clock())), nil
	case errors.Is(err, ledger.ErrLeaseLost):
		return storeRetry / 5, nil
	default:
		return storeRetry, err
	}
}

func (e *Elector) record(p *process) []byte {
	e.writes++
	r := record{Write: e.writes, Process: p}
	// Data that JSON does not have, as a pace that is no number, is left out.
	if data, err := json.Marshal(e.cfg.Data()); err == nil {
		r.Data = data
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic("leader: " + err.Error()) // numbers, strings, and JSON
	}
	return b
}

// extend notes a renewal that began at start and has succeeded, and begins a
// leadership if there is none.
func (e *Elector) extend(start Instant, left json.RawMessage) {
	e.mu.Lock()
	rest := RenewDeadline - start.Until(e.cfg.Clock())
	if rest <= 0 { // the answer took too long, as after a suspension
		e.mu.Unlock()
		return
	}
	e.renewed, e.other = start, ""
	if e.leading {
		e.timer.Reset(rest)
		e.mu.Unlock()
		return
	}
	e.cfg.Restore(left)
	e.leading = true
	e.number++
	e.over, e.end = context.WithCancel(context.Background())
	e.timer = time.AfterFunc(rest, e.expire)
	e.signalLocked()
	e.mu.Unlock()
	e.cfg.Logger.Info("this worker is the active one of the account and Region", "lease", e.cfg.Name)
	e.cfg.Changed()
}

// expire ends the leadership if it has not been renewed in time.
func (e *Elector) expire() {
	e.mu.Lock()
	if !e.leading {
		e.mu.Unlock()
		return
	}
	if left := e.leftLocked(); left > 0 { // renewed while the timer went off
		e.timer.Reset(left)
		e.mu.Unlock()
		return
	}
	e.endLocked()
	e.mu.Unlock()
	e.cfg.Logger.Warn("the lease could not be renewed in time: no calls until it is")
	e.cfg.Changed()
}

// standBy notes that another worker leads, and what it says.
func (e *Elector) standBy(owner string, data json.RawMessage) {
	e.mu.Lock()
	led, news := e.leading, e.other != owner
	e.other, e.theirs, e.heard = owner, data, e.since
	e.endLocked()
	e.mu.Unlock()
	if led {
		e.cfg.Changed()
	}
	if news {
		e.cfg.Logger.Info("standing by: another worker is active in this account and Region; this one takes over when it ends or falls silent", "active", owner)
	}
}

func (e *Elector) endLocked() {
	if !e.leading {
		return
	}
	e.leading = false
	e.timer.Stop()
	e.end()
	e.signalLocked()
}

func (e *Elector) signalLocked() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// Resign ends the leadership and lets the next worker start at once, which must not be
// while calls are under way.
func (e *Elector) Resign() {
	e.mu.Lock()
	e.endLocked()
	e.mu.Unlock()
	defer e.cfg.Changed()
	if !e.tried {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), resignTimeout)
	defer cancel()
	// A renewal that was under way at the end may still come in between.
	for range 3 {
		found, err := e.cfg.Store.Lease(ctx, e.cfg.Name)
		if err == nil && found.Owner != e.cfg.Owner {
			return
		}
		if err == nil {
			err = e.cfg.Store.PutLease(ctx, ledger.Lease{Name: found.Name, Counter: found.Counter + 1, State: e.record(nil)}, found.Counter)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, ledger.ErrLeaseLost) {
			e.cfg.Logger.Warn("the lease could not be given up; another worker has to wait until it has run out", "error", err)
			return
		}
	}
}
