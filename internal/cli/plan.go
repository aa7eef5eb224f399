package cli

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/urfave/cli/v3"

	"relock/internal/awsconf"
	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/queue"
)

// facts are what AWS says before the plan. They are asked for while the list is
// read.
type facts struct {
	cfg      *aws.Config // nil when offline
	who      awsconf.Identity
	whoError error
	err      error
}

// ask starts asking and returns a function that waits for the answers.
func ask(ctx context.Context, cmd *cli.Command, set settings) func() facts {
	if set.offline {
		return func() facts { return facts{} }
	}
	ch := make(chan facts, 1)
	go func() {
		cfg, err := awsConfig(ctx, cmd, []string{set.pool})
		if err != nil {
			ch <- facts{err: err}
			return
		}
		f := facts{cfg: &cfg}
		f.who, f.whoError = identity(ctx, cfg)
		ch <- f
	}()
	return sync.OnceValue(func() facts { return <-ch })
}

// plan is what will be done, for the operator to confirm.
type plan struct {
	job    job.Job
	set    settings
	list   *intake.List
	facts  facts
	budget pace.Budget
	next   string
	known  known
	// keptExclusions says that the job goes on with the exclusions it began with.
	keptExclusions bool
	queue          queue.Transport // nil for a file that is not there yet, and offline
}

func (p *plan) close() {
	if p.queue != nil {
		_ = p.queue.Close() // nothing is pending in it
	}
	_ = p.list.Close() // only read
}

func newPlan(ctx context.Context, cmd *cli.Command, set settings, list *intake.List, answers func() facts) (*plan, error) {
	f := answers()
	if f.err != nil {
		return nil, f.err
	}
	// A job in files can be prepared without AWS; one in SQS or DynamoDB cannot.
	if f.whoError != nil && (set.queue.kind == "sqs" || set.ledger.kind == "dynamodb") {
		return nil, f.whoError
	}
	cfg := f.cfg
	if f.whoError != nil {
		cfg = nil
	}
	b, err := budget(ctx, cmd, cfg, []string{set.pool}, list.Counts.Targets, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	j := job.Job{
		Pool: set.pool, Region: set.region, Reason: cmd.String("reason"),
		StartedBy: startedBy(f.who), Sources: list.Sources(), Counts: list.Counts,
		Policy: job.Policy{Metadata: set.list.Metadata}, Created: time.Now(),
	}
	set.shape(&j)
	if j.Content, err = content(j, list); err != nil {
		return nil, err
	}
	if j.ID = set.job; j.ID == "" {
		j.ID = derivedID(j.Content)
	}
	p := &plan{job: j, set: set, list: list, facts: f, budget: b, next: set.workerCommand(cmd)}
	if err := p.look(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// look opens the queue, which in SQS has to be there, and asks the ledger for the
// job. It makes neither.
func (p *plan) look(ctx context.Context) (err error) {
	if p.facts.cfg != nil {
		p.queue, err = openQueue(ctx, *p.facts.cfg, p.set.queue, false, nil)
		if err != nil && !(p.set.queue.kind == "file" && errors.Is(err, queue.ErrNoQueue)) {
			return err
		}
	}
	p.known, err = lookUp(ctx, p)
	return err
}

// refusal is why the plan may not be carried out; max is of the flag, or zero.
func (p *plan) refusal(max int64) error {
	if err := p.known.check(p.job, p.set.job != ""); err != nil {
		return err
	}
	if n := p.list.Counts.Targets; max > 0 && n > max {
		return fmt.Errorf("the list has %d users, more than --max-users %d; raise it if they are all meant", n, max)
	}
	return nil
}

// content is the same for the same targets, metadata and policy in one pool,
// whatever the order of the rows.
func content(j job.Job, list *intake.List) (string, error) {
	policy, err := json.Marshal(j.Policy) // a map's keys are sorted
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "relock job 1\n%s\n%s\n%x\n", j.Pool, policy, list.ContentID) // a hash takes all
	if j.Parent != "" {
		// To try the failed of a job again is not the job that they are in.
		_, _ = fmt.Fprintf(h, "parent %s\n", j.Parent)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// derivedID is short enough to be typed and long enough not to collide.
func derivedID(content string) string {
	raw, _ := hex.DecodeString(content) // from EncodeToString
	return "job-" + strings.ToLower(base32.HexEncoding.EncodeToString(raw[:10]))
}

func startedBy(who awsconf.Identity) string {
	if who.ARN != "" {
		return who.ARN
	}
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name + "@" + host
}
