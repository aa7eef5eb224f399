package worker

import (
	"context"
	"runtime"
	"time"

	"relock/internal/leader"
	"relock/internal/queue"
)

// dispatch hands out tokens until fetch ends. A token is waited for with a
// message at hand and before its claim, so that nothing waits with an open claim.
func (w *Worker) dispatch(fetch, work context.Context) {
	defer close(w.work)
	alive := func() { w.cfg.Health.Beat("dispatch") }
	for {
		alive()
		if !w.halts.wait(fetch) || !w.leader.Wait(fetch, alive) || !w.signOuts.room(fetch, alive) {
			return
		}
		it, err := w.next(fetch)
		if err != nil {
			return
		}
		if it == nil {
			continue // only a heartbeat
		}
		if err := w.cfg.Pace.Wait(fetch); err != nil {
			it.GiveUp(0)
			return
		}
		if w.halts.current() != nil {
			it.GiveUp(0)
			continue
		}
		if !w.hand(fetch, work, it) {
			it.GiveUp(0)
			return
		}
	}
}

// hand gives a message to a goroutine that waits for one, or to a new one while
// there are fewer than the limit. They are kept, because a call grows a stack
// that is not worth growing anew for each message. It reports false when fetch
// ends first.
func (w *Worker) hand(fetch, work context.Context, it *queue.Item) bool {
	select {
	case w.work <- it:
		return true
	default:
	}
	if w.started < w.cfg.Pace.MaxInFlight()+atLedger {
		w.started++
		w.handlers.Go(func() {
			deep(func() {
				w.spend(work, it)
				for it := range w.work {
					w.spend(work, it)
				}
			})
		})
		return true
	}
	select {
	case w.work <- it:
		return true
	case <-fetch.Done():
		return false
	}
}

// beat is how often the dispatcher shows that it is alive while it waits.
const beat = 10 * time.Second

func (w *Worker) next(ctx context.Context) (*queue.Item, error) {
	wait, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	it, err := w.consumer.Next(wait)
	if err != nil && ctx.Err() == nil {
		return nil, nil
	}
	return it, err
}

// spend uses one token. A message that turns out to need no call leaves the
// token to the next one that is held, unless none may be called for just now.
func (w *Worker) spend(ctx context.Context, it *queue.Item) {
	for it != nil && !w.handle(ctx, it) {
		if w.halts.current() != nil || ctx.Err() != nil || w.leader.Left() < leader.CallMargin {
			return
		}
		it = w.consumer.TryNext()
	}
}

// deep runs f on a stack of which a good part is in use, so that the garbage
// collector does not shrink it while f waits for the ledger: it does so where less
// than a quarter is used. A call through the SDK needs more than 16 KiB, and
// growing the stack anew for most calls took 6 % of the worker's time, and as much
// again in collections.
//
//go:noinline
func deep(f func()) {
	var used [17 << 10]byte
	f()
	runtime.KeepAlive(&used)
}
