package cli

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/report"
	"relock/internal/reset"
)

const recoveryHelp = `Asks Cognito how many of the users that the job reset are still in RESET_REQUIRED:
they have not chosen a new password yet. It asks about a random sample with
AdminGetUser, which may bill these users as active in this month; --all lists the
users of the pool in that state with ListUsers, which bills nobody and shows the
last moments late. Neither takes from the quota that the users need to recover.`

func recoveryFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "sample", Usage: "ask about `N` users drawn at random", Value: report.DefaultSample, Sources: env("sample"), Category: "Ask"},
		&cli.BoolFlag{Name: "all", Usage: "ask about every user", Sources: env("all"), Category: "Ask"},
	}
}

// recoveryJSON is how far the users have got.
type recoveryJSON struct {
	Event     string  `json:"event"` // recovery
	Job       string  `json:"job"`
	Reset     int64   `json:"reset"`
	Asked     int64   `json:"asked"`
	Waiting   int64   `json:"waiting"`
	Recovered int64   `json:"recovered"`
	Gone      int64   `json:"gone"`
	Other     int64   `json:"other"`
	Exact     bool    `json:"exact"`
	Share     float64 `json:"share_waiting"`
	Low       float64 `json:"share_low"`
	High      float64 `json:"share_high"`
}

func (j *jobCommand) recovery(ctx context.Context, cmd *cli.Command, led Ledger) error {
	n := cmd.Int("sample")
	switch {
	case n < 1 || n > report.MaxSample:
		return usage("--sample %d: want 1 to %d; --all asks about everybody", n, report.MaxSample)
	case cmd.Bool("all") && cmd.IsSet("sample"):
		return usage("--all and --sample exclude each other")
	}
	jb, err := theOne(ctx, cmd, led)
	if err != nil {
		return err
	}
	dir, err := j.directory(ctx, cmd, jb)
	if err != nil {
		return err
	}
	var r report.Recovery
	if cmd.Bool("all") {
		r, err = report.RecoverAll(ctx, led, jb.ID, dir)
	} else {
		seed := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // draws a sample, keeps no secret
		r, err = report.Recover(ctx, led, jb.ID, dir, n, seed)
	}
	if err != nil {
		return err
	}
	if cmd.Bool(flagJSON) {
		return writeJSON(j.s.Out, recoveryJSON{"recovery", r.Job, r.Reset, r.Asked, r.Waiting, r.Recovered, r.Gone, r.Other, r.Exact, rounded(r.Share), rounded(r.Low), rounded(r.High)})
	}
	j.sayRecovery(r)
	return nil
}

func (j *jobCommand) sayRecovery(r report.Recovery) {
	line := func(format string, args ...any) { sayWrapped(j.s.Out, "", format, args...) }
	if r.Asked == 0 {
		line("Job %s has reset nobody yet.", r.Job)
		return
	}
	if r.Exact {
		line("Job %s reset %s. %d of them (%.1f %%) are still in %s and have not chosen a new password.", r.Job, users(r.Reset), r.Waiting, 100*r.Share, reset.NeedsReset)
	} else {
		line("Job %s reset %s. Of %d asked about, drawn at random, %d are still in %s: %.1f %% (95 %% confidence: %.1f to %.1f %%), about %s.",
			r.Job, users(r.Reset), r.Asked, r.Waiting, reset.NeedsReset, 100*r.Share, 100*r.Low, 100*r.High, users(int64(math.Round(r.Share*float64(r.Reset)))))
	}
	if r.Gone+r.Other > 0 {
		line("%d chose a new password, %d are not in the pool any more, %d are in another state.", r.Recovered, r.Gone, r.Other)
	}
}

// directory reads the users of the job's pool, at the pace of its quotas.
func (j *jobCommand) directory(ctx context.Context, cmd *cli.Command, jb job.Job) (*reset.Directory, error) {
	cfg, err := awsConfig(ctx, cmd, []string{jb.Pool})
	if err != nil {
		return nil, err
	}
	c := reset.DirectoryConfig{API: cip.NewFromConfig(cfg), Pool: jb.Pool, FoldCase: jb.Plan.FoldCase}
	for _, p := range []struct {
		to       **pace.Pacer
		category pace.Category
	}{{&c.List, pace.UserList}, {&c.Read, pace.UserRead}} {
		quota := p.category.Default
		if *p.to, err = pace.New(pace.Config{Budget: pace.Share * quota, Quota: quota}); err != nil {
			return nil, fmt.Errorf("setting the pace of look-ups: %w", err)
		}
	}
	return reset.NewDirectory(c), nil
}
