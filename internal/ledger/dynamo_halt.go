package ledger

import (
	"context"
	"time"

	"relock/internal/job"
)

func haltKey(scope string) key { return key{"halts", scope} }

// Halt returns the halt of a scope, and whether there is one.
func (l *DynamoDB) Halt(ctx context.Context, scope string) (job.Halt, bool, error) {
	i, err := l.get(ctx, haltKey(scope))
	if err != nil || i.text("reason") == "" {
		return job.Halt{}, false, err
	}
	return job.Halt{
		Reason: job.HaltReason(i.text("reason")), Code: i.text("code"), Since: fromMillis(i.int("since")),
		Skew: time.Duration(i.int("skew")) * time.Millisecond,
	}, true, nil
}

// SetHalt writes or replaces the halt of a scope.
func (l *DynamoDB) SetHalt(ctx context.Context, scope string, h job.Halt) error {
	_, err := l.write(ctx, haltKey(scope), newEdit().
		put("reason", str(string(h.Reason))).put("code", str(h.Code)).put("since", num(millis(h.Since))).put("skew", num(h.Skew.Milliseconds())))
	return err
}

// ClearHalt removes the halt of a scope, if there is one. The item stays: nothing
// is deleted from the table.
func (l *DynamoDB) ClearHalt(ctx context.Context, scope string) error {
	_, err := l.write(ctx, haltKey(scope), newEdit().drop("reason", "code", "since", "skew").ifHas(attrPK))
	return err
}
