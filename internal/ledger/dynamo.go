package ledger

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// DynamoDBAPI is what the ledger uses of DynamoDB; *dynamodb.Client is one.
// There is no DeleteItem in it: nothing of the record is ever taken away.
type DynamoDBAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	UpdateContinuousBackups(context.Context, *dynamodb.UpdateContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateContinuousBackupsOutput, error)
}

var _ DynamoDBAPI = (*dynamodb.Client)(nil)

// DynamoDB is a ledger in a table, for several hosts. Its methods may be called
// concurrently. See ledgertest.Ledger for what each method does.
//
// One table holds everything, under the key (pk, sk):
//
//	pk               sk             what                                written by
//	meta             ledger         the ledger's ID and version         enqueue, once
//	jobs             JOB            a job; how far it is listed, sent   enqueue, job, worker
//	list#JOB#SHARD   POOL#USERNAME  a target as listed, never changed   enqueue
//	work#JOB#SHARD   POOL#USERNAME  its claim, outcome and sign-out     worker, job cancel
//	exclude#JOB      DIGEST#PART    whom the job must not touch         enqueue
//	totals#JOB       SESSION        what one process has recorded       worker, job cancel
//	halts            SCOPE          the halt of an account and Region   worker, job resume
//	leases           NAME           the active worker                   worker
//
// A target's listing and its state are two items, and that is what makes
// BatchWriteItem safe. It knows no condition: were there one item, an enqueue
// started again, a second one beside it, or a request that the network held back
// would put a target that has been claimed, or reset, back to its beginning. As
// it is, listing a target again writes the very same item. Every other write is
// conditional on what it changes, or sets what it would set again.
//
// A target costs one write when it is listed and two when it is worked on, the
// claim and the outcome. The index by-place is a local one: strongly consistent,
// and written only when a target is listed. See dynamo_totals.go for how the
// totals come about without a third write.
type DynamoDB struct {
	api   DynamoDBAPI
	table string
	id    string
	opts  DynamoDBOptions
	log   *slog.Logger

	// session names this handle in totals: no other handle has it, ever.
	session string
	marks   atomic.Int64

	mu      sync.Mutex // guards the rest
	known   map[string]knownJob
	tallies map[string]*tally
	unsure  map[string]string // marks of writes of unknown effect, and their jobs
	again   map[end]string    // those of them that may be tried again
	timer   *time.Timer
	closed  bool

	recounts recounts

	// running are the goroutines behind the totals; background ends them.
	running    sync.WaitGroup
	background context.Context
	stop       context.CancelFunc
}

// knownJob is what never changes of a job, and how far it was listed at least.
type knownJob struct {
	pool   string
	listed int64
}

// DynamoDBOptions tune a ledger. The zero value is ready to use.
type DynamoDBOptions struct {
	// Now is the clock that leases are compared with. Defaults to time.Now.
	Now func() time.Time
	// FlushEvery is how long others' totals may lack what this handle has
	// recorded. Defaults to a second; negative makes every record wait until
	// others see it, at the price of a third write.
	FlushEvery time.Duration
	// Patience is how long an operation that is throttled or not answered is
	// tried again. Defaults to 10 seconds. The context bounds it, too.
	Patience time.Duration
	// CallTimeout is how long one call may take. Defaults to 3 seconds.
	CallTimeout time.Duration
	// CreateTable lets CreateDynamoDB make the table where there is none.
	CreateTable bool
	// Logger defaults to one that discards.
	Logger *slog.Logger
}

func (o DynamoDBOptions) withDefaults() DynamoDBOptions {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FlushEvery == 0 {
		o.FlushEvery = time.Second
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.CallTimeout == 0 {
		o.CallTimeout = 3 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// OpenDynamoDB opens the ledger in a table. ErrNoTable if there is none, and
// ErrNoLedger if there is no ledger in it. The client has to make each call once: the
// ledger tries again by itself.
func OpenDynamoDB(ctx context.Context, api DynamoDBAPI, table string, o DynamoDBOptions) (*DynamoDB, error) {
	l := newDynamoDB(api, table, o)
	if err := l.readMeta(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// CreateDynamoDB opens the ledger in a table, and begins one in a table that has
// the right keys and none yet. It makes the table only with o.CreateTable.
func CreateDynamoDB(ctx context.Context, api DynamoDBAPI, table string, o DynamoDBOptions) (*DynamoDB, error) {
	l := newDynamoDB(api, table, o)
	if err := l.prepareTable(ctx); err != nil {
		return nil, err
	}
	if err := l.writeMeta(ctx); err != nil {
		return nil, err
	}
	if err := l.readMeta(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

func newDynamoDB(api DynamoDBAPI, table string, o DynamoDBOptions) *DynamoDB {
	o = o.withDefaults()
	l := &DynamoDB{
		api: api, table: table, opts: o, log: o.Logger,
		session: rand.Text()[:16],
		known:   make(map[string]knownJob),
		tallies: make(map[string]*tally),
		unsure:  make(map[string]string),
		again:   make(map[end]string),
	}
	l.background, l.stop = context.WithCancel(context.Background())
	return l
}

// ID names the ledger for as long as it exists.
func (l *DynamoDB) ID() string { return l.id }

// Table is the name of the table.
func (l *DynamoDB) Table() string { return l.table }

// closeTimeout bounds what Close still has to write.
const closeTimeout = 5 * time.Second

// Close writes the last totals and frees what the ledger holds. Open claims stay
// open. An error means only that the next reader of the totals has to count.
func (l *DynamoDB) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	if l.timer != nil && l.timer.Stop() {
		l.running.Done()
	}
	l.mu.Unlock()
	l.stop()
	l.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return l.flushAll(ctx, true)
}
