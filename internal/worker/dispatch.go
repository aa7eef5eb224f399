package worker

import (
	"context"
	"time"

	"relock/internal/queue"
)

// dispatch hands out tokens until fetch ends. A token is waited for with a
// message at hand and before its claim, so that nothing waits with an open claim.
func (w *Worker) dispatch(fetch, work context.Context) {
	for {
		w.cfg.Health.Beat("dispatch")
		if !w.halts.wait(fetch) {
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
		select {
		case w.slots <- struct{}{}:
		case <-fetch.Done():
			it.GiveUp(0)
			return
		}
		w.handlers.Go(func() {
			defer func() { <-w.slots }()
			w.spend(work, it)
		})
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
// token to the next one that is held.
func (w *Worker) spend(ctx context.Context, it *queue.Item) {
	for it != nil && !w.handle(ctx, it) {
		if w.halts.current() != nil || ctx.Err() != nil {
			return
		}
		it = w.consumer.TryNext()
	}
}
