package ledger

import (
	"bytes"
	"context"
	"fmt"

	"relock/internal/job"
)

func haltKey(scope string) key { return key{"halts", scope} }
func leaseKey(name string) key { return key{"leases", name} }

// Halt returns the halt of a scope, and whether there is one.
func (l *DynamoDB) Halt(ctx context.Context, scope string) (job.Halt, bool, error) {
	i, err := l.get(ctx, haltKey(scope))
	if err != nil || i.text("reason") == "" {
		return job.Halt{}, false, err
	}
	return job.Halt{Reason: job.HaltReason(i.text("reason")), Code: i.text("code"), Since: fromMillis(i.int("since"))}, true, nil
}

// SetHalt writes or replaces the halt of a scope.
func (l *DynamoDB) SetHalt(ctx context.Context, scope string, h job.Halt) error {
	_, err := l.write(ctx, haltKey(scope), newEdit().
		put("reason", str(string(h.Reason))).put("code", str(h.Code)).put("since", num(millis(h.Since))))
	return err
}

// ClearHalt removes the halt of a scope, if there is one. The item stays: nothing
// is deleted from the table.
func (l *DynamoDB) ClearHalt(ctx context.Context, scope string) error {
	_, err := l.write(ctx, haltKey(scope), newEdit().drop("reason", "code", "since").ifHas(attrPK))
	return err
}

// Lease returns a lease; one never written has Counter 0 and no owner.
func (l *DynamoDB) Lease(ctx context.Context, name string) (Lease, error) {
	i, err := l.get(ctx, leaseKey(name))
	return readDynamoLease(name, i), err
}

func readDynamoLease(name string, i item) Lease {
	return Lease{Name: name, Owner: i.text("owner"), Counter: i.int("counter"), State: i.bytes("state")}
}

// PutLease writes a lease if its counter still is expect.
func (l *DynamoDB) PutLease(ctx context.Context, lease Lease, expect int64) error {
	if lease.Counter <= expect {
		return fmt.Errorf("the lease's counter has to grow beyond %d, not to %d", expect, lease.Counter)
	}
	e := newEdit().put("owner", str(lease.Owner)).put("counter", num(lease.Counter))
	if len(lease.State) > 0 {
		e.put("state", blob(lease.State))
	} else {
		e.drop("state")
	}
	if expect == 0 {
		e.ifNo("counter")
	} else {
		e.ifIs("counter", num(expect))
	}
	w, err := l.write(ctx, leaseKey(lease.Name), e)
	if err != nil || w.done {
		return err
	}
	now := readDynamoLease(lease.Name, w.now)
	if now.Counter != lease.Counter || now.Owner != lease.Owner || !bytes.Equal(now.State, lease.State) {
		return ErrLeaseLost
	}
	return nil
}
