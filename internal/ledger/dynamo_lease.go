package ledger

import (
	"bytes"
	"context"
	"fmt"
)

func leaseKey(name string) key { return key{"leases", name} }

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
