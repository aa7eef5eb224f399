package cli

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/urfave/cli/v3"

	"relock/internal/awsconf"
	"relock/internal/preflight"
	"relock/internal/queue"
)

// facts are what AWS says before the plan. They are asked for while the list is
// read, all at once.
type facts struct {
	cfg      *aws.Config // nil when offline
	who      awsconf.Identity
	whoError error
	err      error // of the configuration
	// credentials are those that AWS was asked with.
	credentials preflight.Credentials

	preflight.Facts
	queue       queue.Transport // nil for a file that is not there yet, and offline
	queueErr    error
	attributes  *queue.Attributes // of an SQS queue
	deadLetters *queue.Attributes
	unanswered  []preflight.Unanswered // about the queue
}

func (f *facts) close() {
	if f.queue != nil {
		_ = f.queue.Close() // nothing is pending in it
	}
}

// ask starts asking and returns a function that waits for the answers.
func ask(ctx context.Context, cmd *cli.Command, set settings) func() *facts {
	if set.offline {
		return func() *facts { return &facts{} }
	}
	ch := make(chan *facts, 1)
	go func() { ch <- askAll(ctx, cmd, set) }()
	return sync.OnceValue(func() *facts { return <-ch })
}

func askAll(ctx context.Context, cmd *cli.Command, set settings) *facts {
	cfg, err := awsConfig(ctx, cmd, []string{set.pool})
	if err != nil {
		return &facts{err: err, Facts: preflight.Facts{ID: set.pool, Region: set.region}}
	}
	f := &facts{cfg: &cfg}
	var wg sync.WaitGroup
	wg.Go(func() {
		if f.who, f.whoError = identity(ctx, cfg); f.whoError == nil {
			f.credentials = lifetime(ctx, cfg)
		}
	})
	wg.Go(func() {
		f.Facts = preflight.Ask(ctx, preflight.Clients{
			Pool: cip.NewFromConfig(cfg), Mail: sesv2.NewFromConfig(cfg), Quotas: servicequotas.NewFromConfig(cfg),
		}, set.pool, set.region)
	})
	wg.Go(func() { f.askQueue(ctx, set) })
	wg.Wait()
	f.Account = f.who.Account
	if f.whoError != nil {
		// Whatever was asked had one answer for all.
		f.Facts = preflight.Facts{ID: set.pool, Region: set.region}
	}
	return f
}

// notAsked is why nothing could be asked, or nil.
func (f *facts) notAsked() error { return cmp.Or(f.err, f.whoError) }

// config is that of the SDK; empty where AWS is not asked.
func (f *facts) config() aws.Config {
	if f.cfg == nil {
		return aws.Config{}
	}
	return *f.cfg
}

// askQueue opens the queue, which in SQS has to be there, and asks how it and its
// dead-letter queue are set up.
func (f *facts) askQueue(ctx context.Context, set settings) {
	f.queue, f.queueErr = openQueue(ctx, *f.cfg, set.queue, queueHow{region: set.queueRegion})
	if set.queue.kind == "file" && errors.Is(f.queueErr, queue.ErrNoQueue) {
		f.queueErr = nil
	}
	if f.queueErr != nil {
		f.queue = nil
		return
	}
	q, ok := f.queue.(*queue.SQS)
	if !ok {
		return
	}
	f.attributes = new(q.Attributes())
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	dead, err := q.DeadLetterAttributes(ctx)
	switch {
	case err == nil:
		f.deadLetters = &dead
	case !errors.Is(err, queue.ErrNoDeadLetter):
		f.unanswered = append(f.unanswered, preflight.Unanswered{
			Action: "sqs:GetQueueAttributes on the dead-letter queue", About: "how long it keeps messages", Needed: true, Err: err,
		})
	}
}
