//go:build crash

package crash

import (
	"slices"
	"syscall"
	"time"
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
		for _, p := range c.procs {
			n += c.since(p)
			if p.ended() {
				if code := p.exit(); code != 0 && code != 3 {
					c.r.t.Fatalf("a worker ended with %d:\n%s", code, p.out.String())
				}
				return false
			}
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

// killActive kills the worker that calls. The other is held while the claims that
// are left open are read.
func (c *crew) killActive() {
	active := c.active()
	for _, p := range c.procs {
		if p != active {
			p.signal(syscall.SIGSTOP)
			defer p.signal(syscall.SIGCONT)
		}
	}
	c.end(active, true)
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
	c.procs = nil
}

// end kills a worker, and notes what it leaves open.
func (c *crew) end(p *proc, working bool) {
	p.signal(syscall.SIGKILL)
	<-p.done
	end := End{Caller: p.key, At: time.Now()}
	if working {
		end.Open = c.r.open()
	}
	c.r.history.Ends = append(c.r.history.Ends, end)
	c.procs = slices.DeleteFunc(c.procs, func(q *proc) bool { return q == p })
}

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
