package sim

import (
	"time"

	"relock/internal/pace"
)

// Strategy is a way to call a service with a quota.
type Strategy struct {
	Name  string
	start func(*world)
}

// pacer is a strategy with one dispatcher. poll takes a token and answers 0, or
// says when to ask again; it is asked again after every done, too.
type pacer interface {
	poll(now time.Time) time.Duration
	begin(now time.Time)
	done(begun, now time.Time, r pace.Result)
	rate(now time.Time) float64
}

// dispatch calls as p allows, for ever.
func dispatch(w *world, p pacer) {
	var turn func()
	var due uint64 // the turn that counts; older ones were overtaken
	turn = func() {
		if w.over {
			return
		}
		due++
		mine := due
		for {
			wait := p.poll(w.time())
			if wait > 0 {
				w.after(wait, func() {
					if due == mine {
						turn()
					}
				})
				return
			}
			begun := w.time()
			p.begin(begun)
			w.call(ours, func(ok bool) {
				r := pace.OK
				if !ok {
					r = pace.Throttled
				}
				p.done(begun, w.time(), r)
				turn()
			})
		}
	}
	turn()
	var sample func()
	sample = func() {
		w.after(time.Second, func() {
			if w.now <= w.length {
				w.seconds[int(w.now/time.Second)-1].pace = p.rate(w.time())
			}
			sample()
		})
	}
	sample()
}
