package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"relock/internal/file"
)

const (
	pool      = "eu-west-1_LiveDash1"
	queueName = "relock"
	accessKey = "AKIADASHBOARDLIVE001"
)

// scene is what a run stands on.
type scene struct {
	begun      time.Time
	dir        string
	bin, files string
	crew       *crew
	prom       prometheus
	gateway    string // address of the Pushgateway
	workers    []string
	sandbox    string
	queue      string
	ledger     string
}

func newScene(ctx context.Context, bin, files string) (*scene, error) {
	s := &scene{begun: time.Now()}
	var err error
	if s.bin, err = filepath.Abs(bin); err != nil {
		return nil, err
	}
	if s.files, err = filepath.Abs(files); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "relock-live-"); err != nil {
		return nil, err
	}
	s.ledger = "file:" + filepath.Join(s.dir, "ledger")
	s.crew = newCrew(ctx, s.dir)
	return s, nil
}

// port finds a free port of loopback. Somebody else may take it before it is used;
// the program that finds it taken then says so.
func port(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return ln.Addr().String(), ln.Close()
}

func (s *scene) startServers(ctx context.Context) error {
	line, err := s.crew.listen("sandbox", s.program("sandbox"), "serve", "--listen", "127.0.0.1:0",
		"--queue", queueName+":2m:20", "--seed", "1",
		"--pool", pool+",email=DEVELOPER,on-demand=user-[0-9]{6}",
		"--fault", "latency@cognito-idp=1,lognormal:80ms:0.4")
	if err != nil {
		return err
	}
	var ok bool
	if s.sandbox, ok = strings.CutPrefix(strings.TrimSpace(line), "listening on "); !ok {
		return fmt.Errorf("the sandbox said %q", line)
	}
	s.queue = s.sandbox + "/123456789012/" + queueName
	s.crew.env = append(s.crew.env, "AWS_ENDPOINT_URL="+s.sandbox, "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY=secret", "AWS_CA_BUNDLE=", "AWS_PROFILE=", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")

	var addr [4]string
	for i := range addr {
		if addr[i], err = port(ctx); err != nil {
			return err
		}
	}
	s.gateway, s.workers = addr[1], addr[2:]
	s.prom = prometheus{base: "http://" + addr[0]}
	if err := s.crew.start("pushgateway", "prometheus-pushgateway", "--web.listen-address="+s.gateway); err != nil {
		return fmt.Errorf("%w; apt-get install prometheus-pushgateway", err)
	}
	return s.startPrometheus(ctx, addr[0])
}

func (s *scene) startPrometheus(ctx context.Context, addr string) error {
	text := fmt.Sprintf(`global: {scrape_interval: 5s, evaluation_interval: 5s}
rule_files: [%q]
scrape_configs:
  - job_name: relock
    static_configs: [{targets: [%q, %q]}]
  - job_name: pushgateway
    honor_labels: true
    static_configs: [{targets: [%q]}]
`, filepath.Join(s.files, "rules", "relock.rules.yml"), s.workers[0], s.workers[1], s.gateway)
	config := filepath.Join(s.dir, "prometheus.yml")
	if err := file.Write(config, []byte(text), 0o600); err != nil {
		return err
	}
	if err := s.crew.start("prometheus", "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(s.dir, "tsdb"), "--web.listen-address="+addr,
		"--web.external-url="+s.prom.base, "--web.user-assets="+filepath.Join(s.files, "..", "docs")); err != nil {
		return fmt.Errorf("%w; apt-get install prometheus", err)
	}
	return s.until(ctx, time.Minute, "Prometheus and its rules", func(ctx context.Context) (bool, error) {
		return s.prom.ready(ctx), nil
	})
}

// scheduledRun is a small job of its own, in files, whose end is pushed.
func (s *scene) scheduledRun(ctx context.Context) error {
	place := "file:" + filepath.Join(s.dir, "quarter")
	if err := s.send(ctx, "quarter", place, place, 100, 0); err != nil {
		return err
	}
	return s.crew.once(ctx, "quarter-worker", s.program("worker"), "--user-pool-id", pool, "--queue", place, "--ledger", place,
		"--drain", "--metrics-listen", "off", "--push-gateway", "http://"+s.gateway, "--push-group", "quarter")
}

// send enqueues a list of users. Of those after the first good ones, four in ten do
// not exist.
func (s *scene) send(ctx context.Context, name, queue, ledger string, good, mixed int) error {
	var b strings.Builder
	b.WriteString("username\n")
	for i := range good + mixed {
		if i >= good && i%10 < 4 {
			fmt.Fprintf(&b, "nobody-%06d\n", i)
		} else {
			fmt.Fprintf(&b, "user-%06d\n", i)
		}
	}
	list := filepath.Join(s.dir, name+".csv")
	if err := file.Write(list, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return s.crew.once(ctx, name+"-enqueue", s.program("enqueue"), "--user-pool-id", pool, "--queue", queue, "--ledger", ledger,
		"--job", name, "--yes", "--max-users", "100000", "--reason", "dashboard", "--sign-out", list)
}

// enqueue sends the job of this run, and lets ten of its messages be received so
// often that they become dead letters.
func (s *scene) enqueue(ctx context.Context) error {
	if err := s.send(ctx, "live", s.queue, s.ledger, 500, 9500); err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion("eu-west-1"), config.WithBaseEndpoint(s.sandbox), config.WithCredentialsProvider(keys{}))
	if err != nil {
		return fmt.Errorf("configuring the client of the queue: %w", err)
	}
	client := sqs.NewFromConfig(cfg)
	for range 22 { // the queue allows twenty receives
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &s.queue, MaxNumberOfMessages: 10})
		if err != nil {
			return fmt.Errorf("receiving messages until they are dead: %w", err)
		}
		back := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(out.Messages))
		for i, m := range out.Messages {
			back[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle}
		}
		if _, err := client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &s.queue, Entries: back}); err != nil {
			return fmt.Errorf("handing messages back until they are dead: %w", err)
		}
	}
	return nil
}

func (s *scene) startWorkers(context.Context) error {
	for i, addr := range s.workers {
		if err := s.crew.start(fmt.Sprintf("worker-%d", i+1), s.program("worker"), "--user-pool-id", pool, "--queue", s.queue, "--ledger", s.ledger, "--metrics-listen", addr); err != nil {
			return err
		}
	}
	return nil
}

// setFaults replaces the sandbox's faults.
func (s *scene) setFaults(ctx context.Context, rules ...string) error {
	body, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.sandbox+"/_sandbox/faults", bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("setting faults: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // nothing is read from it
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("setting faults: %s", res.Status)
	}
	return nil
}
