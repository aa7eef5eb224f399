//go:build crash

package crash

import (
	"slices"
	"strings"
	"syscall"
	"time"

	"relock/internal/ledger"
)

// crew are the workers that run at once: one, or an active one and a standby.
type crew struct {
	r     *rig
	procs []*proc
	// base is how often each had called when the last kill was over.
	base map[*proc]int
}

// fill starts workers where some are missing.
func (c *crew) fill() {
	want := 1
	if c.r.setup.standby {
		want = 2
	}
	for len(c.procs) < want {
		c.procs = append(c.procs, c.r.work())
	}
	c.base = map[*proc]int{}
	for _, p := range c.procs {
		c.base[p] = c.r.calls(p.key)
	}
}

// since is how often a worker has called since fill.
func (c *crew) since(p *proc) int { return c.r.calls(p.key) - c.base[p] }

// await waits until the crew has called so often, and reports false if the job is
// done before.
func (c *crew) await(calls int) bool {
	c.r.t.Helper()
	begun := time.Now()
	for {
		n := 0
		for _, p := range slices.Clone(c.procs) {
			n += c.since(p)
			if !p.ended() {
				continue
			}
			if !c.halted(p) {
				return false
			}
			n = 0
			c.fill()
			break
		}
		if n >= calls {
			return true
		}
		if time.Since(begun) > 2*time.Minute {
			c.r.t.Fatalf("%d calls in two minutes, waiting for %d; the worker says:\n%s", n, calls, c.procs[0].out.String())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// halted deals with a worker that has ended by itself. It reports true if that was
// because of the ledger, which on a machine with much else to do does not always
// answer in time: that is one more end to be judged, and the work goes on.
func (c *crew) halted(p *proc) bool {
	c.r.t.Helper()
	switch code := p.exit(); {
	case code == 0 || code == 3:
		return false
	case code == 4 && strings.Contains(p.out.String(), "halted (ledger)") && c.r.halts < maxHalts:
		c.r.halts++
		c.end(p, c.worked(p))
		return true
	default:
		c.r.t.Fatalf("a worker ended with %d, after %d halts:\n%s", code, c.r.halts, p.out.String())
		return false
	}
}

// worked reports whether the claims that are open now are those of p and not of
// another that has taken over.
func (c *crew) worked(p *proc) bool {
	for _, q := range c.procs {
		if q != p && c.r.calls(q.key) > 0 && c.since(q) >= c.since(p) {
			return false
		}
	}
	return true
}

// maxHalts is how many halts for a slow ledger are put up with.
const maxHalts = 20

// killActive kills the worker that calls.
func (c *crew) killActive() {
	c.end(c.active(), true)
}

// killStandby kills the worker that does not call: it has no claims.
func (c *crew) killStandby() {
	c.end(slices.MinFunc(c.procs, func(a, b *proc) int { return c.since(a) - c.since(b) }), false)
}

// killAll kills all at once.
func (c *crew) killAll() {
	procs := slices.Clone(c.procs)
	for _, p := range procs {
		p.signal(syscall.SIGKILL)
	}
	for _, p := range procs {
		<-p.done
	}
	at, open := time.Now(), c.r.open()
	for _, p := range procs {
		c.r.history.Ends = append(c.r.history.Ends, End{Caller: p.key, At: at, Open: open})
	}
	c.free()
	c.procs = nil
}

// end kills a worker, and notes what it leaves open if it was the one that works.
// The others are held while that is read.
func (c *crew) end(p *proc, working bool) {
	c.procs = slices.DeleteFunc(c.procs, func(q *proc) bool { return q == p })
	for _, q := range c.procs {
		q.signal(syscall.SIGSTOP)
		defer q.signal(syscall.SIGCONT)
	}
	killed := !p.ended() // else it has given the lease up itself
	p.signal(syscall.SIGKILL)
	<-p.done
	end := End{Caller: p.key, At: time.Now()}
	if working {
		end.Open = c.r.open()
		if killed {
			c.free()
		}
	}
	c.r.history.Ends = append(c.r.history.Ends, end)
}

// free gives the lease up in the place of a worker that was killed, as an operator
// could who knows that it is dead: else every kill would cost the 25 seconds of
// silence that a standby waits for. One in silent is left to that.
func (c *crew) free() {
	c.r.t.Helper()
	if !c.r.setup.standby || c.r.rnd.IntN(*silentFlag) == 0 {
		return
	}
	l := c.r.setup.read(c.r)
	defer l.Close()
	found, err := l.Lease(c.r.t.Context(), leaseName)
	if err == nil && found.Owner != "" {
		err = l.PutLease(c.r.t.Context(), ledger.Lease{Name: leaseName, Counter: found.Counter + 1, State: found.State}, found.Counter)
	}
	if err != nil {
		c.r.t.Fatalf("giving up the lease of a dead worker: %v", err)
	}
}

// leaseName is that of the sandbox's account and Region.
const leaseName = "123456789012/eu-west-1"

// dismiss lets those who are left finish the job, or ends them in order.
func (c *crew) dismiss() {
	for _, p := range c.procs {
		p.signal(syscall.SIGTERM)
	}
	for _, p := range c.procs {
		<-p.done
	}
	c.procs = nil
}
