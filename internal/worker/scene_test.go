package worker_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/pace"
	"relock/internal/publish"
	"relock/internal/queue"
	"relock/internal/reset"
	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/fault"
	"relock/internal/telemetry"
	"relock/internal/worker"
)

const (
	poolID   = "eu-west-1_AbCdEf123"
	jobName  = "inc-1"
	users    = 60
	callsRPS = 60
)

// scene is the sandbox, a queue, a ledger and the real clients, as the programs
// have them.
type scene struct {
	t      *testing.T
	srv    *sandbox.Server
	pool   *cognito.Pool
	aws    aws.Config
	queue  *queue.SQS
	ledger ledgertest.Ledger
	log    *buffer
	// visibility is short, for faults after which a message has to come again.
	visibility time.Duration
	// timeout of a call to Cognito is short only where calls hang.
	timeout time.Duration
}

func newScene(t *testing.T) *scene {
	t.Helper()
	sw := cognito.DefaultSwitches()
	sw.EmailPerDay = 0
	srv, err := sandbox.New(sandbox.Config{
		Seed: 7, KeepCalls: 20_000,
		Cognito: cognito.Config{Switches: &sw, Quotas: map[cognito.Category]cognito.Limit{
			cognito.UserAccountRecovery: {Unlimited: true}, cognito.UserRead: {Unlimited: true},
		}},
	})
	check(t, err)
	url, err := srv.Start("127.0.0.1:0")
	check(t, err)
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.Proxy, tr.MaxIdleConnsPerHost = nil, 64
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := srv.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	s := &scene{t: t, srv: srv, log: &buffer{}, visibility: 4 * time.Second, timeout: 45 * time.Second, aws: aws.Config{
		Region: "eu-west-1", BaseEndpoint: &url, HTTPClient: &http.Client{Transport: tr},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: sandbox.DemoAccessKeyID, SecretAccessKey: sandbox.DemoSecretAccessKey}, nil
		})),
	}}
	s.pool, err = srv.Cognito().AddPool(cognito.PoolConfig{ID: poolID})
	check(t, err)
	check(t, srv.SQS().Create("dead", nil))
	check(t, srv.SQS().Create("jobs", map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":20}`, srv.SQS().ARN("dead")),
	}))
	s.queue, err = queue.OpenSQS(t.Context(), awssqs.NewFromConfig(s.aws), url+srv.SQS().Path("jobs"), nil)
	check(t, err)
	s.ledger = ledgertest.NewMemory("ledger-1", nil)
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fault puts rules in force in place of those that are.
func (s *scene) fault(texts ...string) {
	s.t.Helper()
	var rules []fault.Rule
	for _, text := range texts {
		r, err := fault.Parse(text)
		check(s.t, err)
		rules = append(rules, r)
	}
	check(s.t, s.srv.Faults().Set(rules...))
}

// enqueue makes users, and publishes the job of them as enqueue does.
func (s *scene) enqueue() {
	s.t.Helper()
	ctx := s.t.Context()
	j := job.Job{ID: jobName, Pool: poolID, Region: "eu-west-1", Created: time.Now(), Policy: job.Policy{Metadata: map[string]string{"case": "1"}}}
	check(s.t, s.ledger.CreateJob(ctx, j))
	check(s.t, s.ledger.SetState(ctx, jobName, job.StateOpen, time.Now()))
	res, err := publish.Publish(ctx, publish.Config{Ledger: s.ledger, Transport: s.queue, Job: j}, s.targets())
	check(s.t, err)
	if res.Sent != users {
		s.t.Fatalf("%d messages were sent", res.Sent)
	}
}

func (s *scene) targets() iter.Seq2[job.Target, error] {
	return func(yield func(job.Target, error) bool) {
		for i := range users {
			name := fmt.Sprintf("person-%d@example.com", i)
			err := s.pool.Seed(cognito.Seed{Username: name, Email: name, EmailVerified: true})
			if !yield(job.Target{Username: job.Username(name), Line: int64(i + 2)}, err) {
				return
			}
		}
	}
}

// drain runs a worker until it is done or halted.
func (s *scene) drain() worker.Result {
	s.t.Helper()
	limit, cancel := context.WithTimeout(s.t.Context(), 3*time.Minute)
	defer cancel()
	res, err := s.worker(true).Run(limit, s.t.Context())
	check(s.t, err)
	if limit.Err() != nil {
		text := s.log.String()
		s.t.Fatalf("the drain did not end; the log ends with:\n%s", text[max(0, len(text)-3000):])
	}
	return res
}

func (s *scene) worker(drain bool) *worker.Worker {
	s.t.Helper()
	p, err := pace.New(pace.Config{Budget: callsRPS, Quota: callsRPS})
	check(s.t, err)
	l, err := pace.New(pace.Config{Budget: callsRPS, Quota: callsRPS})
	check(s.t, err)
	o, err := pace.New(pace.Config{Budget: callsRPS, Quota: callsRPS})
	check(s.t, err)
	cache, ok := s.aws.Credentials.(*aws.CredentialsCache)
	if !ok {
		s.t.Fatal("the credentials are not cached")
	}
	return worker.New(worker.Config{
		Transport: s.queue, Ledger: s.ledger, Pace: p, LookUps: l, SignOuts: o,
		Resetter: reset.New(cip.NewFromConfig(s.aws), s.timeout, nil),
		Pools:    []string{poolID}, Owner: fmt.Sprintf("worker-%d", time.Now().UnixNano()), Scope: "123456789012/eu-west-1",
		Lease: time.Minute, Visibility: s.visibility, Drain: drain,
		RefreshCredentials: cache.Invalidate,
		Metrics:            telemetry.NewMetrics(prometheus.NewRegistry(), telemetry.Sets{}),
		Health:             telemetry.NewHealth(),
		Logger:             slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

// sweep lets a worker delete finished messages that a fault kept in the queue
// until the end of the run: they come again, and nobody is called for.
func (s *scene) sweep() {
	s.t.Helper()
	depth := func() int {
		d, err := s.queue.Depth(s.t.Context())
		check(s.t, err)
		return int(d.Visible + d.InFlight + d.Delayed)
	}
	s.srv.Faults().Clear()
	if depth() == 0 {
		return
	}
	calls := len(s.srv.Log().Calls("cognito-idp", ""))
	s.visibility = time.Minute // what comes again is deleted in good time
	ctx, stop := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.worker(false).Run(ctx, s.t.Context()); err != nil {
			s.t.Error(err)
		}
	})
	for ctx.Err() == nil && depth() > 0 {
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	wg.Wait()
	if n := len(s.srv.Log().Calls("cognito-idp", "")); n != calls {
		s.t.Errorf("%d calls for messages that were finished", n-calls)
	}
}

// judge compares what the sandbox saw with what the ledger says, and fails on
// anybody lost or reset twice without a flag.
func (s *scene) judge(want map[job.Outcome]int, repeated int) {
	s.t.Helper()
	s.sweep()
	got, flagged := map[job.Outcome]int{}, map[string]bool{}
	for e, err := range s.ledger.Entries(s.t.Context(), jobName, ledger.Filter{}) {
		check(s.t, err)
		got[e.Outcome]++
		if e.Repeated {
			flagged[string(e.Username)] = true
		}
		resets := len(s.pool.Resets(string(e.Username)))
		if e.Outcome.Succeeded() && (resets < 1 || resets > 1 && !e.Repeated) || !e.Outcome.Succeeded() && resets > 0 {
			s.t.Errorf("line %d has the outcome %s (repeated: %v), and the user was reset %d times", e.Line, e.Outcome, e.Repeated, resets)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		s.t.Errorf("outcomes (-want +got):\n%s", d)
	}
	if len(flagged) != repeated {
		s.t.Errorf("%d users are flagged as repeated, want %d", len(flagged), repeated)
	}
	for _, name := range []string{"jobs", "dead"} {
		d, err := s.srv.SQS().Depth(name)
		check(s.t, err)
		if d.Visible+d.InFlight+d.Delayed > 0 {
			s.t.Errorf("the queue %s holds %+v", name, d)
		}
	}
	if text := s.log.String(); strings.Contains(text, "person-") {
		s.t.Error("the log names a user")
	}
}

// all is every user reset, with n of them found to be reset already.
func all(already int) map[job.Outcome]int {
	m := map[job.Outcome]int{job.Reset: users - already}
	if already > 0 {
		m[job.AlreadyReset] = already
	}
	return m
}

// trial is one fault that a drain gets over by itself.
type trial struct {
	rules    []string
	want     map[job.Outcome]int
	repeated int
}

const at = "@cognito-idp.AdminResetUserPassword=1,skip=10,count="

var trials = map[string]trial{
	"no fault":                             {nil, all(0), 0},
	"slow replies":                         {[]string{"latency=1,uniform:50ms:400ms"}, all(0), 0},
	"throttled resets":                     {[]string{"throttle" + at + "6"}, all(0), 0},
	"internal errors before the effect":    {[]string{"error-500" + at + "5"}, all(0), 5},
	"internal errors after the effect":     {[]string{"error-500-late" + at + "5"}, all(5), 0},
	"503 before the effect":                {[]string{"error-503" + at + "5"}, all(0), 5},
	"connections reset before the effect":  {[]string{"reset-before" + at + "5"}, all(0), 5},
	"connections reset after the effect":   {[]string{"reset-after" + at + "5"}, all(5), 0},
	"no reply, without effect":             {[]string{"hang" + at + "3"}, all(0), 3},
	"no reply, with effect":                {[]string{"hang-after" + at + "3"}, all(3), 0},
	"credentials that expire once":         {[]string{"expired-token" + at + "1"}, all(0), 0},
	"a trigger that rejects some":          {[]string{"lambda-reject" + at + "4"}, map[job.Outcome]int{job.Reset: users - 4, job.LambdaRejected: 4}, 0},
	"an error of no known code":            {[]string{"error" + at + "2,code=NeverSeenException,message=person-1"}, map[job.Outcome]int{job.Reset: users - 2, job.UnknownError: 2}, 0},
	"lost look-ups":                        {[]string{"reset-after" + at + "4", "reset-before@cognito-idp.AdminGetUser=1,count=3", "throttle@cognito-idp.AdminGetUser=1,count=2,skip=3"}, all(4), 0},
	"a queue that throttles":               {[]string{"throttle@sqs=0.3,count=5"}, all(0), 0},
	"a queue with internal errors":         {[]string{"error-500@sqs=0.3,count=5"}, all(0), 0},
	"a queue with late internal errors":    {[]string{"error-500-late@sqs=0.3,count=4"}, all(0), 0},
	"a queue that is not available":        {[]string{"error-503@sqs=1,count=3"}, all(0), 0},
	"a queue that cuts connections":        {[]string{"reset-before@sqs=0.3,count=5"}, all(0), 0},
	"a queue that cuts replies off":        {[]string{"reset-after@sqs=0.3,count=4"}, all(0), 0},
	"deletes that hang":                    {[]string{"hang@sqs.DeleteMessageBatch=1,count=2"}, all(0), 0},
	"deletes that hang after the effect":   {[]string{"hang-after@sqs.DeleteMessageBatch=1,count=2"}, all(0), 0},
	"a queue that refuses the credentials": {[]string{"expired-token@sqs=1,count=3"}, all(0), 0},
	"a queue that denies access":           {[]string{"access-denied@sqs=1,count=3"}, all(0), 0},
	"a queue that knows no deletes":        {[]string{"unsupported@sqs.DeleteMessageBatch=1,count=3"}, all(0), 0},
	"entries that fail":                    {[]string{"batch-fail@sqs=0.3"}, all(0), 0},
	"entries in neither list":              {[]string{"batch-silent@sqs=0.3"}, all(0), 0},
	"duplicate deliveries":                 {[]string{"duplicate@sqs=0.4"}, all(0), 0},
	"corrupt bodies":                       {[]string{"corrupt-body@sqs=0.2,count=15"}, all(0), 0},
	"all of it": {[]string{
		"latency=1,uniform:1ms:60ms", "throttle=0.03", "error-500=0.02", "reset-after=0.03", "reset-before@sqs=0.03",
		"batch-fail@sqs=0.05", "batch-silent@sqs=0.05", "duplicate@sqs=0.1", "corrupt-body@sqs=0.1,count=5",
	}, nil, -1},
}
