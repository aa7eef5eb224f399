package ledger

import (
	"context"
	"errors"

	"relock/internal/sqlite"
)

// Unanswered reports whether err says no more than that the ledger has not
// answered in time: the caller's context ended first, DynamoDB throttled or did not
// answer for as long as its patience lasts, or another process kept SQLite's file
// locked. A slow network does this, and so does a process that was suspended for
// longer than its deadlines. Any other error is an answer: the ledger is full,
// gone, denied or damaged, or refuses what it was asked.
//
// What was asked for may have taken effect. Each method may simply be called
// again, with two things to know: a Claim that took effect unseen is then Held,
// until its own lease ends, and a Release or a Record is known again by owner and
// attempt.
func Unanswered(err error) bool {
	if e, ok := errors.AsType[*callError](err); ok {
		kind := classify(e.err)
		return kind == throttled || kind == unanswered
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, sqlite.ErrLocked)
}
