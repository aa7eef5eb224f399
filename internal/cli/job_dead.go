package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/queue"
)

const deadHelp = `Lists what the queue's dead-letter queue holds, without usernames: messages that
were received too often, and those that a worker refused. With --redrive, those that
are messages of this ledger for a job that is not over are sent to the queue once
more; all others stay. Nobody is reset twice by it: the ledger knows each outcome.`

func deadFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: flagQueue, Usage: "`URL` of the SQS queue whose dead letters are meant, or file:DIR; defaults to file:relock", Sources: env(flagQueue), Category: "Where"},
		queueRegionFlag(),
		&cli.BoolFlag{Name: "redrive", Usage: "send them again", Sources: env("redrive"), Category: "Run"},
		&cli.IntFlag{Name: "limit", Usage: "list `N` at most", Value: 100, Sources: env("limit"), Category: "Run"},
	}
}

// deadJSON is one dead letter.
type deadJSON struct {
	Event    string    `json:"event"` // dead_letter
	ID       string    `json:"id"`
	Sent     time.Time `json:"sent"`
	Receives int       `json:"receives"`
	Job      string    `json:"job,omitempty"`
	// Verdict is redrivable, other_ledger, unknown_job, job_over, or why it is not
	// a message of ours.
	Verdict string `json:"verdict"`
}

// redrivenJSON says what was sent again.
type redrivenJSON struct {
	Event string           `json:"event"` // redriven
	Sent  int64            `json:"sent"`
	Left  map[string]int64 `json:"left"` // by verdict
}

// redrivable is the verdict on a dead letter that may be sent again.
const redrivable = "redrivable"

// deadJudge judges dead letters. It keeps the jobs that it has looked up.
type deadJudge struct {
	led  Ledger
	jobs map[string]job.State
}

func newDeadJudge(ctx context.Context, led Ledger) (*deadJudge, error) {
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	d := &deadJudge{led: led, jobs: make(map[string]job.State, len(jobs))}
	for _, j := range jobs {
		d.jobs[j.ID] = j.State
	}
	return d, nil
}

// judge names the job of a dead letter, and the verdict.
func (d *deadJudge) judge(del queue.Delivery) (id, verdict string) {
	if del.Corrupt {
		return "", string(queue.RejectCorrupt)
	}
	m, err := queue.Decode(del.Body)
	if bad, ok := errors.AsType[*queue.MalformedError](err); ok {
		return "", string(bad.Reason)
	}
	if m.Ledger != d.led.ID() {
		return "", string(queue.RejectOtherLedger) // a stranger may have written the job's name
	}
	state, known := d.jobs[m.Job]
	switch {
	case !known:
		return "", string(queue.RejectUnknownJob)
	case state.Over():
		return m.Job, "job_over"
	default:
		return m.Job, redrivable
	}
}

func (j *jobCommand) deadLetters(ctx context.Context, cmd *cli.Command, led Ledger) error {
	if cmd.Args().Present() {
		return usage("dead-letters takes no arguments, only flags: %q", cmd.Args().First())
	}
	if n := cmd.Int("limit"); n < 1 || n > 10_000 {
		return usage("--limit %d: want 1 to 10000", n)
	}
	place, err := queuePlace(cmd.String(flagQueue))
	if err != nil {
		return err
	}
	region, err := queueRegion(cmd, place)
	if err != nil {
		return err
	}
	cfg, err := deadConfig(ctx, cmd, led, place)
	if err != nil {
		return err
	}
	q, err := openQueue(ctx, cfg, place, queueHow{region: region})
	if err != nil {
		return err
	}
	defer func() { _ = q.Close() }() // every write was durable when it returned
	dead, ok := q.(queue.DeadLetters)
	if !ok {
		return fmt.Errorf("the queue %s keeps no dead letters", place)
	}
	judge, err := newDeadJudge(ctx, led)
	if err != nil {
		return err
	}
	if cmd.Bool("redrive") {
		return j.redrive(ctx, cmd, dead, judge)
	}
	return j.listDead(ctx, cmd, dead, judge)
}

// deadConfig is the configuration for a queue in SQS. A URL that names no Region,
// as that of a VPC endpoint, is in the Region of the newest job unless --region
// says otherwise.
func deadConfig(ctx context.Context, cmd *cli.Command, led Ledger, p place) (aws.Config, error) {
	if p.kind == "file" {
		return aws.Config{}, nil
	}
	if cmd.String(flagRegion) != "" {
		return awsConfig(ctx, cmd, nil)
	}
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	var pools []string
	if len(jobs) > 0 {
		pools = []string{jobs[0].Pool}
	}
	return awsConfig(ctx, cmd, pools)
}

func (j *jobCommand) listDead(ctx context.Context, cmd *cli.Command, dead queue.DeadLetters, judge *deadJudge) error {
	limit := cmd.Int("limit")
	ds, err := dead.PeekDead(ctx, limit)
	if err != nil {
		return noDeadLetter(err)
	}
	if cmd.Bool(flagJSON) {
		for _, d := range ds {
			id, verdict := judge.judge(d)
			if err := writeJSON(j.s.Out, deadJSON{"dead_letter", d.ID, d.Sent.UTC(), d.Receives, id, verdict}); err != nil {
				return err
			}
		}
		return nil
	}
	if len(ds) == 0 {
		say(j.s.Out, "There are no dead letters.\n")
		return nil
	}
	tw := tabwriter.NewWriter(j.s.Out, 0, 0, 2, ' ', 0)
	say(tw, "SENT\tRECEIVES\tVERDICT\tJOB\n")
	again := 0
	for _, d := range ds {
		id, verdict := judge.judge(d)
		if verdict == redrivable {
			again++
		}
		say(tw, "%s\t%d\t%s\t%s\n", when(d.Sent), d.Receives, verdict, id)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if len(ds) == limit {
		say(j.s.Out, "There may be more: these are the first %d.\n", limit)
	}
	if again > 0 {
		say(j.s.Out, "%d can be sent again with --redrive.\n", again)
	}
	return nil
}

func (j *jobCommand) redrive(ctx context.Context, cmd *cli.Command, dead queue.DeadLetters, judge *deadJudge) error {
	left := make(map[string]string) // verdict by ID: SQS may show one twice
	n, err := dead.RedriveDead(ctx, func(d queue.Delivery) bool {
		_, verdict := judge.judge(d)
		if verdict != redrivable {
			left[d.ID] = verdict
		}
		return verdict == redrivable
	})
	if err != nil {
		if n > 0 {
			err = fmt.Errorf("%s sent again before: %w", number.Of(int64(n), "was", "were"), err)
		}
		return noDeadLetter(err)
	}
	counts := make(map[string]int64)
	for _, verdict := range left {
		counts[verdict]++
	}
	if cmd.Bool(flagJSON) {
		return writeJSON(j.s.Out, redrivenJSON{"redriven", n, counts})
	}
	say(j.s.Out, "%s sent again, %d stay\n", number.Of(int64(n), "dead letter was", "dead letters were"), len(left))
	for _, verdict := range slices.Sorted(maps.Keys(counts)) {
		say(j.s.Out, "  %8d  %s\n", counts[verdict], verdict)
	}
	return nil
}

func noDeadLetter(err error) error {
	if errors.Is(err, queue.ErrNoDeadLetter) {
		return errors.New("the queue has no dead-letter queue; give it one: messages that cannot be worked on stay in the queue until it drops them")
	}
	return err
}
