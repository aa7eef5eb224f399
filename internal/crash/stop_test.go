//go:build crash

package crash

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

var (
	stops = 10
	// stopFor is longer than the lease of a claim, and shorter than that of the
	// active worker.
	stopFor = lease + 2*time.Second
)

// TestStopShort suspends the only worker for longer than its claims live. It goes
// on as the active one, and calls under none of the claims from before.
func TestStopShort(t *testing.T) {
	r := newRig(t, setups[0], *seedFlag)
	stop := r.people(t.Context())
	defer stop()
	r.enqueue("job-1", users(0, *targetsFlag))
	c := &crew{r: r}
	for range stops {
		c.fill()
		if !c.await(1 + r.rnd.IntN(2**targetsFlag/(stops+1)*8/10)) {
			break
		}
		end := c.stop(c.procs[0])
		time.Sleep(stopFor)
		c.resume(c.procs[0], end)
	}
	<-c.procs[0].done
	stop()
	r.judge()
}

// TestStopLong suspends the active worker until the standby has done its work, and
// lets it go on then: it makes no call before it is the active one again.
func TestStopLong(t *testing.T) {
	for _, s := range setups {
		if !s.standby {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			r := newRig(t, s, *seedFlag)
			stop := r.people(t.Context())
			defer stop()
			r.enqueue("job-1", users(0, 2**targetsFlag))
			c := &crew{r: r}
			for range 3 {
				c.fill()
				if !c.await(1 + r.rnd.IntN(*targetsFlag/5)) {
					t.Fatal("the job was done before the worker was stopped")
				}
				active := c.active()
				end := c.stop(active)
				c.takenOver(active, end)
				c.resume(active, end)
				before := r.calls(active.key)
				time.Sleep(5 * time.Second)
				if n := r.calls(active.key) - before; n != 0 {
					t.Errorf("the worker made %d calls after it was replaced", n)
				}
			}
			for _, p := range c.procs {
				<-p.done
			}
			stop()
			r.judge()
		})
	}
}

// active is the worker that calls.
func (c *crew) active() *proc {
	return slices.MaxFunc(c.procs, func(a, b *proc) int { return c.since(a) - c.since(b) })
}

// stop suspends a worker, and notes what is open then.
func (c *crew) stop(p *proc) *End {
	p.signal(syscall.SIGSTOP)
	end := End{Caller: p.key, At: time.Now()}
	time.Sleep(50 * time.Millisecond) // calls under way take effect
	end.Open = c.r.open()
	c.r.history.Ends = append(c.r.history.Ends, end)
	return &c.r.history.Ends[len(c.r.history.Ends)-1]
}

// resume lets a worker go on.
func (c *crew) resume(p *proc, end *End) {
	end.Resumed = time.Now()
	p.signal(syscall.SIGCONT)
}

// takenOver waits until another worker has finished whatever was open.
func (c *crew) takenOver(stopped *proc, end *End) {
	c.r.t.Helper()
	other := c.procs[0]
	if other == stopped {
		other = c.procs[1]
	}
	before := c.r.calls(other.key)
	for c.r.calls(other.key) == before {
		if time.Since(end.At) > time.Minute {
			c.r.t.Fatalf("no standby called within a minute; it says:\n%s", other.out.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
	took := time.Since(end.At)
	c.r.t.Logf("the standby called %v after the stop", took.Round(100*time.Millisecond))
	if took > 30*time.Second {
		c.r.t.Errorf("the standby called %v after the stop; want 30 s at most", took)
	}
	for {
		open := c.r.open()
		left := 0
		for user, claim := range end.Open {
			if open[user] == claim {
				left++
			}
		}
		if left == 0 {
			return
		}
		if time.Since(end.At) > 2*time.Minute {
			c.r.t.Fatalf("%d claims of the stopped worker were not taken over", left)
		}
		time.Sleep(500 * time.Millisecond)
	}
}
