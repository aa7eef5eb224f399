package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// The three bars of the pace that are measured once more in real time, over HTTP
// and with the real worker; the others are `make bench-pace`'s.
func benchPace(ctx context.Context, o options) error {
	length := 3 * time.Minute
	if o.long {
		length = 12 * time.Minute
	}
	for _, p := range []paceRun{
		{name: "alone, budget 24", flags: []string{"--rate", "24"}, length: length / 2, report: reportAlone},
		{name: "users' own recovery at 10 a second, budget 30", flags: []string{"--rate", "30"}, users: 10, length: length + time.Minute, report: reportUsers},
		{name: "the quota halves after a minute and doubles two minutes later, budget 24", flags: []string{"--rate", "24"}, length: 270 * time.Second, report: reportHalves,
			change: map[time.Duration]float64{60 * time.Second: 15, 180 * time.Second: 30}},
		{name: "2 s a call, budget 24", flags: []string{"--rate", "24"}, latency: "fixed:2s", length: time.Minute, report: reportAlone},
	} {
		fmt.Printf("  %s\n", p.name)
		if err := p.run(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// paceRun is a worker for some time, with other callers beside it.
type paceRun struct {
	name    string
	flags   []string
	latency string  // of Cognito
	users   float64 // their requests a second, Poisson
	change  map[time.Duration]float64
	length  time.Duration
	report  func(calls []call)
}

// call is one request of the quota's category, as the sandbox has logged it.
type call struct {
	At        int64
	Operation string
	Caller    string
	Code      string
	since     time.Duration // since the worker's first
	ours      bool
	throttled bool
}

func (p paceRun) run(ctx context.Context, o options) error {
	latency := p.latency
	if latency == "" {
		latency = "uniform:70ms:130ms"
	}
	dir, err := os.MkdirTemp("", "relock-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	log := filepath.Join(dir, "log.jsonl")
	s, err := startStand(ctx, o, "--log", log, "--quota", "UserAccountRecovery=30,burst=30", "--fault", "latency@cognito-idp=1,"+latency)
	if err != nil {
		return err
	}
	defer s.stop()
	list, err := s.writeList(int(p.length.Seconds()) * 40)
	if err != nil {
		return err
	}
	if _, err := s.measure(ctx, s.program("enqueue"), s.enqueueArgs(list, 0)); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, p.length)
	defer cancel()
	var wg sync.WaitGroup
	if p.users > 0 {
		wg.Go(func() { err = errors.Join(err, p.recover(limited, s)) })
	}
	for after, rate := range p.change {
		wg.Go(func() { s.changeQuota(limited, after, rate) })
	}
	// The time bound ends it, which is what it is there for.
	u, _ := s.measure(limited, s.program("worker"), s.workerArgs(0, p.flags...), -1)
	wg.Wait()
	s.stop()
	if err != nil {
		return err
	}
	calls, err := readCalls(log)
	if err != nil {
		return err
	}
	p.report(calls)
	fmt.Printf("    worker: %.0f MiB, %.1f s CPU in %.0f s\n", mib(u.rss), u.cpu.Seconds(), u.wall.Seconds())
	return nil
}

// recover is users who ask for a code, each for a different account.
func (p paceRun) recover(ctx context.Context, s *stand) error {
	client := cip.New(cip.Options{
		Region: "eu-west-1", BaseEndpoint: &s.url, Retryer: aws.NopRetryer{},
		HTTPClient:  awshttp.NewBuildableClient(),
		Credentials: credentials.NewStaticCredentialsProvider("users", "users", ""),
	})
	app, err := client.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: aws.String(pool), ClientName: aws.String("app")})
	if err != nil {
		return fmt.Errorf("making an app client: %w", err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a model, not a secret
	for n := 50_000_000; ctx.Err() == nil; n++ {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(rnd.ExpFloat64() / p.users * float64(time.Second))):
		}
		wg.Go(func() {
			// A throttle is what is being counted, by the sandbox.
			_, _ = client.ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: app.UserPoolClient.ClientId, Username: aws.String(fmt.Sprintf("user-%08d", n))})
		})
	}
	return nil
}

func (s *stand) changeQuota(ctx context.Context, after time.Duration, rate float64) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(after):
	}
	body := fmt.Appendf(nil, `{"rate":%g,"burst":%g}`, rate, rate)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.url+"/_sandbox/cognito/quotas/UserAccountRecovery", bytes.NewReader(body))
	if err != nil {
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println("    changing the quota failed:", err)
		return
	}
	_ = res.Body.Close() // only its status counts
	if res.StatusCode != http.StatusOK {
		fmt.Println("    changing the quota failed:", res.Status)
	}
}

// readCalls reads the sandbox's log; time begins with the worker's first call.
func readCalls(path string) ([]call, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	var calls []call
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var c struct {
			call
			Category  string
			Throttled bool
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, err
		}
		if c.Category != "UserAccountRecovery" {
			continue
		}
		c.call.ours = c.Operation == "AdminResetUserPassword"
		c.call.throttled = c.Throttled || c.Code == "TooManyRequestsException"
		calls = append(calls, c.call)
	}
	first := int64(0)
	for _, c := range calls {
		if c.ours && (first == 0 || c.At < first) {
			first = c.At
		}
	}
	for i := range calls {
		calls[i].since = time.Duration(calls[i].At - first)
	}
	return calls, lines.Err()
}
