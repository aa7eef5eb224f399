//go:build crash

package crash

import (
	"context"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/peers/servers"
	"relock/internal/queue"
)

// book is what the harness reads of a ledger.
type book interface {
	ID() string
	Job(ctx context.Context, id string) (job.Job, error)
	Jobs(ctx context.Context) ([]job.Job, error)
	Totals(ctx context.Context, id string) (ledger.Totals, error)
	Entries(ctx context.Context, id string, f ledger.Filter) iter.Seq2[ledger.Entry, error]
	Lease(ctx context.Context, name string) (ledger.Lease, error)
	PutLease(ctx context.Context, l ledger.Lease, expect int64) error
	Close() error
}

// setup is a queue and a ledger for a run.
type setup struct {
	name          string
	prepare       func(r *rig)
	queue, ledger func(r *rig) string // the flags
	// read opens the ledger without disturbing those who write.
	read func(r *rig) book
	// copies sends some messages a second time, where the queue itself delivers
	// each just once.
	copies func(r *rig, job string, users []string)
	// dead counts the dead letters.
	dead        func(r *rig) int64
	createTable bool
	standby     bool          // a second worker stands by
	signOut     bool          // the jobs end sessions
	lease       time.Duration // of claims, if not the usual one
}

var setups = []setup{
	{
		name: "file queue, SQLite", queue: fileFlag, ledger: fileFlag, read: readCopy,
		copies: copies, dead: deadInFile,
	},
	{
		name: "SQS, SQLite", queue: sqsFlag, ledger: fileFlag, read: readCopy, dead: deadInSQS,
	},
	{
		name: "SQS, DynamoDB", prepare: startDynalite, queue: sqsFlag,
		ledger: func(*rig) string { return "dynamodb://crash" }, createTable: true,
		read: readDynamo, dead: deadInSQS, standby: true,
		// A claim may take a quarter of the lease, and dynalite takes its time.
		lease: 12 * time.Second,
	},
	{
		name: "SQS, SQLite, sign-out", queue: sqsFlag, ledger: fileFlag, read: readCopy, dead: deadInSQS,
		signOut: true,
	},
}

func fileFlag(r *rig) string { return "file:" + r.path("relock") }

func sqsFlag(r *rig) string { return r.url + "/123456789012/" + queueName }

// readCopy reads a copy of the file and its log: opening the file itself would do
// for the next worker what it has to do for itself after a crash.
func readCopy(r *rig) book {
	r.t.Helper()
	dir, err := os.MkdirTemp(r.dir, "copy-")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(r.path("relock"), ledger.SQLiteFile+suffix))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, ledger.SQLiteFile+suffix), b, 0o600)
		}
		if err != nil && !os.IsNotExist(err) {
			r.t.Fatal(err)
		}
	}
	l, err := ledger.OpenSQLite(dir, ledger.SQLiteOptions{})
	if err != nil {
		r.t.Fatalf("reading the ledger: %v", err)
	}
	return copied{l, dir}
}

// copied goes away when it is closed.
type copied struct {
	*ledger.SQLite
	dir string
}

func (c copied) Close() error {
	err := c.SQLite.Close()
	if gone := os.RemoveAll(c.dir); err == nil {
		err = gone
	}
	return err
}

func startDynalite(r *rig) {
	url := servers.StartDynalite(r.t)
	r.dynamo = url
	r.env = append(r.env, "AWS_ENDPOINT_URL_DYNAMODB="+url)
}

func readDynamo(r *rig) book {
	r.t.Helper()
	tr := http.DefaultTransport.(*http.Transport).Clone()
	defer r.t.Cleanup(tr.CloseIdleConnections)
	c := dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: &r.dynamo, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("CRASH", "secret", ""),
		HTTPClient:  &http.Client{Transport: tr},
	})
	l, err := ledger.OpenDynamoDB(r.t.Context(), c, "crash", ledger.DynamoDBOptions{})
	if err != nil {
		r.t.Fatalf("reading the ledger: %v", err)
	}
	return l
}

// copies sends a copy of one message in twenty: two messages, often in flight at
// once, for one target.
func copies(r *rig, id string, users []string) {
	r.t.Helper()
	l := r.setup.read(r)
	ledgerID := l.ID()
	_ = l.Close()
	q, err := queue.OpenFile(r.path("relock"), queue.FileOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	defer q.Close()
	var bodies [][]byte
	for _, u := range users {
		if r.rnd.IntN(20) != 0 {
			continue
		}
		b, err := queue.Encode(queue.Message{Ledger: ledgerID, Job: id, Pool: pool, Username: job.Username(u)})
		if err != nil {
			r.t.Fatal(err)
		}
		bodies = append(bodies, b)
	}
	for batch := range slices.Chunk(bodies, queue.MaxBatch) {
		if _, err := q.Send(r.t.Context(), batch); err != nil {
			r.t.Fatal(err)
		}
	}
}

func deadInFile(r *rig) int64 {
	r.t.Helper()
	q, err := queue.OpenFile(r.path("relock"), queue.FileOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	defer q.Close()
	n, err := q.DeadLetterCount(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func deadInSQS(r *rig) int64 {
	r.t.Helper()
	var depths map[string]map[string]int64
	if err := r.inspect(r.t.Context(), "sqs", &depths); err != nil {
		r.t.Fatal(err)
	}
	d, ok := depths[queueName+"-dlq"]
	if !ok {
		r.t.Fatalf("the sandbox shows no dead-letter queue: %v", depths)
	}
	var n int64
	for _, k := range d {
		n += k
	}
	return n
}

// open lists the open claims of every job that goes on.
func (r *rig) open() map[string]int {
	r.t.Helper()
	l := r.setup.read(r)
	defer l.Close()
	jobs, err := l.Jobs(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	open := map[string]int{}
	for _, j := range jobs {
		if j.State == job.StateFinished {
			continue
		}
		for e, err := range l.Entries(r.t.Context(), j.ID, ledger.Filter{Pending: true}) {
			if err != nil {
				r.t.Fatal(err)
			}
			if e.Claimed {
				open[string(e.Username)] = e.Attempts
			}
		}
	}
	return open
}

// pending is how many targets of a job have no outcome yet.
func (r *rig) pending(id string) int {
	r.t.Helper()
	l := r.setup.read(r)
	defer l.Close()
	t, err := l.Totals(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return int(t.Pending)
}
