package pace

import (
	"time"

	"golang.org/x/time/rate"
)

// recheck is how often a dispatcher that waits for calls in flight to end should
// look again by itself: the limit grows with their age.
const recheck = 20 * time.Millisecond

// Gate is all of a Pacer but the lock, the clock and the sleeping: Controller,
// calls in flight and limiter. It is pure like Controller, and the simulation
// drives it in fake time.
type Gate struct {
	ctl     *Controller
	flight  flight
	lim     *rate.Limiter
	token   *rate.Reservation // the one reservation, or nil
	due     time.Time         // when token may be used
	late    catchUp
	blocked bool // the last Poll found too many calls in flight
	calls   uint64
}

// NewGate makes a Gate that begins at the budget.
func NewGate(c Config) (*Gate, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Gate{
		ctl:    newController(c),
		flight: flight{max: c.MaxInFlight},
		lim:    rate.NewLimiter(rate.Limit(c.Budget), 1),
	}, nil
}

// Poll takes the right to make one call now and returns 0, or returns how long to
// wait before asking again. In between it holds one reservation of the limiter:
// asking early costs nothing, and asking late is made up for, see catchUp.
func (g *Gate) Poll(now time.Time) time.Duration {
	g.blocked = false
	if d := g.ctl.PausedUntil().Sub(now); d > 0 {
		return d
	}
	pace := g.ctl.Pace()
	if g.flight.n >= g.flight.limit(pace, now) {
		g.blocked = true
		if g.due.Before(now) {
			g.due = now // it is not the dispatcher that is late
		}
		return recheck
	}
	if g.token == nil {
		g.lim.SetLimitAt(now, rate.Limit(g.late.rate(pace, g.ctl)))
		g.token = g.lim.ReserveN(now, 1)
		g.due = now.Add(g.token.DelayFrom(now))
	}
	if d := g.due.Sub(now); d > 0 {
		return d
	}
	g.token = nil
	g.late.granted(pace, float64(g.lim.Limit()), now.Sub(g.due).Seconds())
	return 0
}

// Release gives the reservation back, for a dispatcher that stops asking.
func (g *Gate) Release(now time.Time) {
	if g.token != nil {
		g.token.CancelAt(now)
		g.token = nil
	}
}

// Begin notes that a call starts.
func (g *Gate) Begin(now time.Time) {
	g.calls++
	g.flight.begin(now)
	g.ctl.Began(now)
}

// Done notes that a call begun at begun has ended, and with what. A throttle that
// lowers the pace takes the reservation back. It reports whether the dispatcher
// should ask again at once.
func (g *Gate) Done(begun, now time.Time, r Result) bool {
	g.flight.end(begun, now)
	if g.ctl.Done(begun, now, r) {
		g.Release(now)
		g.late = catchUp{}
	}
	return g.blocked
}

// Controller is the learning inside.
func (g *Gate) Controller() *Controller { return g.ctl }

// Snapshot is the Gate at this moment.
func (g *Gate) Snapshot(now time.Time) Snapshot {
	pace := g.ctl.Pace()
	return Snapshot{
		Pace: pace, Budget: g.ctl.budget, Quota: g.ctl.quota, Ceiling: g.ctl.ceiling.value,
		InFlight: g.flight.n, InFlightLimit: g.flight.limit(pace, now),
		Latency: time.Duration(g.flight.latency * float64(time.Second)),
		Calls:   g.calls, Throttles: g.ctl.throttles,
		PausedUntil: g.ctl.PausedUntil(),
	}
}
