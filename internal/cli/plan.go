package cli

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"strings"
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
	return func() facts { return <-ch }
}

// plan is what will be done, for the operator to confirm.
type plan struct {
	job    job.Job
	set    settings
	list   *intake.List
	facts  facts
	budget pace.Budget
	next   string
	queue  queue.Transport // nil in a dry run without SQS
}

func (p *plan) close() {
	if p.queue != nil {
		_ = p.queue.Close() // nothing is pending in it
	}
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
	if j.Content, err = content(j, list); err != nil {
		return nil, err
	}
	if j.ID = set.job; j.ID == "" {
		j.ID = derivedID(j.Content)
	}
	p := &plan{job: j, set: set, list: list, facts: f, budget: b, next: set.workerCommand(cmd)}
	// A queue in SQS has to be there already; one in a file is made when it is
	// needed.
	if f.cfg != nil && (set.queue.kind == "sqs" || !set.dryRun) {
		p.queue, err = openQueue(ctx, *f.cfg, set.queue, !set.dryRun, nil)
	}
	return p, err
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

// print writes the plan for people.
func (p *plan) print(w io.Writer) {
	c := p.list.Counts
	say(w, "Plan\n")
	row := func(name, format string, args ...any) {
		say(w, "  %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("job", "%s", p.job.ID)
	if p.job.Reason != "" {
		row("reason", "%s", p.job.Reason)
	}
	row("user pool", "%s in %s", p.set.pool, p.set.region)
	switch {
	case p.facts.cfg == nil:
		row("account", "not asked (--offline)")
	case p.facts.whoError != nil:
		row("account", "unknown: no usable AWS credentials; the worker will need them")
	default:
		row("account", "%s as %s", p.facts.who.Account, p.facts.who.ARN)
	}
	row("list", "%s", p.set.names())
	for _, f := range p.list.Files {
		row("", "%s, %s, separated by %s, column %q", f.Name, f.Encoding, delimiter(f.Delimiter), f.Column)
	}
	row("rows", "%d = %d targets + %d duplicates + %d not valid", c.Rows, c.Targets, c.Duplicates, c.Invalid)
	row("names", "%s", kinds(p.list.Kinds))
	row("queue", "%s", p.set.queue)
	row("ledger", "%s", p.set.ledger)
	row("budget", "%s", p.budget.Reason)
	took := pace.Estimate(c.Targets, p.budget.Rate)
	row("time", "about %s once a worker runs; if it starts now, until %s", human(took), time.Now().Add(took).Format("2006-01-02 15:04"))
	p.printLeftOut(w)
}

func (p *plan) printLeftOut(w io.Writer) {
	c := p.list.Counts
	if c.Duplicates > 0 {
		say(w, "\nDuplicates, dropped:\n")
		for _, d := range p.list.Duplicates {
			differs := ""
			if d.Differs {
				differs = ", with other metadata"
			}
			say(w, "  %s:%d repeats %s:%d%s\n", d.File, d.Line, d.FirstFile, d.FirstLine, differs)
		}
		more(w, c.Duplicates, len(p.list.Duplicates), "--duplicates FILE lists all")
	}
	if c.Invalid > 0 {
		say(w, "\nNot valid, left out:\n")
		for _, pr := range p.list.Problems {
			say(w, "  %s\n", pr)
		}
		more(w, c.Invalid, len(p.list.Problems), "all are in "+p.set.rejects)
	}
}

func more(w io.Writer, all int64, shown int, where string) {
	if n := all - int64(shown); n > 0 {
		say(w, "  … and %d more; %s\n", n, where)
	}
}

func delimiter(r rune) string {
	switch r {
	case ',':
		return "commas"
	case ';':
		return "semicolons"
	case '\t':
		return "tabs"
	default:
		return fmt.Sprintf("%q", r)
	}
}

func kinds(k intake.NameKinds) string {
	var parts []string
	for _, x := range []struct {
		n    int64
		what string
	}{
		{k.Email, "look like e-mail addresses"}, {k.Phone, "like phone numbers"},
		{k.Sub, "like subs"}, {k.Federated, "like federated users"}, {k.Other, "other names"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return strings.Join(parts, ", ")
}

// human writes a duration as people say it.
func human(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	default:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
}
