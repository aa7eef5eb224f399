package ledger_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/peers/servers"
)

// rights are the operations that a program may use, and the partitions that it may
// write to, by how their names begin: the table of "DynamoDB permissions" in
// docs/architecture.md.
type rights struct {
	ops, writes []string

	mu   sync.Mutex
	used map[string]bool // operations and beginnings
}

func enqueueRights() *rights {
	return &rights{
		ops:    []string{"DescribeTable", "GetItem", "BatchGetItem", "Query", "UpdateItem", "BatchWriteItem"},
		writes: []string{"meta", "jobs", "list#", "exclude#"},
	}
}

func workerRights() *rights {
	return &rights{
		ops:    []string{"GetItem", "BatchGetItem", "Query", "UpdateItem"},
		writes: []string{"jobs", "work#", "totals#", "halts", "leases"},
	}
}

func jobRights() *rights {
	return &rights{
		ops:    []string{"GetItem", "BatchGetItem", "Query", "UpdateItem"},
		writes: []string{"jobs", "work#", "totals#", "halts"},
	}
}

func reportRights() *rights { return &rights{ops: []string{"GetItem", "BatchGetItem", "Query"}} }

// client is one that is denied all else; that fails the test.
func (r *rights) client(t *testing.T, endpoint string) *dynamodb.Client {
	t.Helper()
	r.used = make(map[string]bool)
	return client(t, endpoint, func(rt http.RoundTripper) http.RoundTripper {
		return tripper(func(req *http.Request) (*http.Response, error) {
			_, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
			body, err := bodyOf(req)
			if err != nil {
				return nil, err
			}
			if !r.allows(t, op, body) {
				t.Errorf("%s is not among %q, or writes to others than %q: %s", op, r.ops, r.writes, body)
				return answer(http.StatusBadRequest, "AccessDeniedException"), nil
			}
			return rt.RoundTrip(req)
		})
	})
}

func (r *rights) allows(t *testing.T, op, body string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[op] = true
	if !slices.Contains(r.ops, op) {
		return false
	}
	for _, pk := range written(t, op, body) {
		i := slices.IndexFunc(r.writes, func(begin string) bool {
			return pk == begin || strings.HasSuffix(begin, "#") && strings.HasPrefix(pk, begin)
		})
		if i < 0 {
			return false
		}
		r.used[r.writes[i]] = true
	}
	return true
}

// written lists the partitions that a request writes to.
func written(t *testing.T, op, body string) (pks []string) {
	type key struct{ PK struct{ S string } }
	var in struct {
		Key          key
		RequestItems map[string][]struct {
			PutRequest    *struct{ Item key }
			DeleteRequest *struct{ Key key }
		}
	}
	if op != "UpdateItem" && op != "BatchWriteItem" {
		return nil
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Errorf("%s: %v", op, err)
	}
	if op == "UpdateItem" {
		return []string{in.Key.PK.S}
	}
	for _, items := range in.RequestItems {
		for _, i := range items {
			if i.PutRequest == nil || i.DeleteRequest != nil {
				t.Errorf("a batch deletes: %s", body)
				continue
			}
			pks = append(pks, i.PutRequest.Item.PK.S)
		}
	}
	return pks
}

// wantUsed fails the test for a right that was never used: it is none to ask for.
func (r *rights) wantUsed(t *testing.T) {
	t.Helper()
	for _, right := range slices.Concat(r.ops, r.writes) {
		if !r.used[right] {
			t.Errorf("%s is never used", right)
		}
	}
}

// TestDynamoDBPrivileges: with these rights alone each program does its part, each
// needs all of its own, and none deletes.
func TestDynamoDBPrivileges(t *testing.T) {
	endpoint, table := servers.StartDynalite(t), newTable()
	clock := ledgertest.NewClock()
	o := options(clock.Now)
	openDynamoDB(t, client(t, endpoint, nil), table, o)
	update(t, client(t, endpoint, nil), table, "meta", "ledger", "SET #a = :v", "version", "1")
	ctx := t.Context()

	o.CreateTable = false
	of := enqueueRights()
	enqueue := openDynamoDB(t, of.client(t, endpoint), table, o)
	x := &life{l: enqueue, job: "j", called: make(map[job.Username]bool)}
	for range 2 { // and goes on with it
		if err := enqueue.CreateJob(ctx, job.Job{ID: "j", Pool: "eu-west-1_AbCdEf123"}); err != nil && !errors.Is(err, ledger.ErrExists) {
			t.Fatal(err)
		}
		if err := enqueue.SetExclusions(ctx, "j", []job.Exclusion{{Given: "root"}}); err != nil {
			t.Fatal(err)
		}
		if err := enqueue.AddForced(ctx, "j", []job.Finding{{Code: "ses_sandbox", Forced: true}}); err != nil {
			t.Fatal(err)
		}
		if err := x.enqueue(t); err != nil {
			t.Fatal(err)
		}
	}
	_, err := enqueue.Totals(ctx, "j")
	for _, e := range enqueue.Entries(ctx, "j", ledger.Filter{Failed: true}) { // of a job to try again
		err = errors.Join(err, e)
	}
	if err != nil {
		t.Error(err)
	}
	of.wantUsed(t)

	of = workerRights()
	l := openReport(t, of.client(t, endpoint), table, o)
	x.l = l
	if err := errors.Join(x.work(t), x.finish(t)); err != nil {
		t.Error(err)
	}
	x.check(t) // the records are read for the seal
	if list, err := l.Exclusions(ctx, "j"); err != nil || len(list) != 1 {
		t.Errorf("%d exclusions, error %v", len(list), err)
	}
	_, errJobs := l.Jobs(ctx)
	_, _, errHalt := l.Halt(ctx, "s")
	_, errLease := l.Lease(ctx, "s")
	err = errors.Join(errJobs, errHalt, errLease, l.SetHalt(ctx, "s", job.Halt{Reason: job.HaltCanary}), l.ClearHalt(ctx, "s"),
		l.PutLease(ctx, ledger.Lease{Name: "s", Owner: "w", Counter: 1}, 0), l.SetSeal(ctx, "j", job.Seal{Root: "ab"}), l.Close())
	if err != nil {
		t.Error(err)
	}
	of.wantUsed(t)

	of = reportRights()
	x.l = openReport(t, of.client(t, endpoint), table, o)
	x.check(t)
	of.wantUsed(t)

	addTargetsTo(t, enqueue, "k", "u1")
	of = jobRights()
	steers := openReport(t, of.client(t, endpoint), table, o)
	for range steers.Entries(ctx, "k", ledger.Filter{}) {
	}
	_, errClose := steers.CloseOut(ctx, "k", job.Cancelled, clock.Now())
	_, errJobs = steers.Jobs(ctx)
	_, errTotals := steers.Totals(ctx, "k")
	err = errors.Join(errClose, errJobs, errTotals, steers.SetState(ctx, "k", job.StateCancelled, clock.Now()), steers.ClearHalt(ctx, "s"))
	if err != nil {
		t.Error(err)
	}
	of.wantUsed(t)
}

func openReport(t *testing.T, api ledger.DynamoDBAPI, table string, o ledger.DynamoDBOptions) *ledger.DynamoDB {
	t.Helper()
	l, err := ledger.OpenDynamoDB(t.Context(), api, table, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}
