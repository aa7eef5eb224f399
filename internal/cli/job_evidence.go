package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/file"
	"relock/internal/job"
	"relock/internal/report"
	"relock/internal/report/page"
)

const evidenceHelp = `Writes one HTML file that needs nothing else: who started the job, when and why, the
lists and their hashes, the settings, what preflight found and what was forced, the
account of every row, failures with remedies, resets over time, retries, and the
seal. It holds no usernames unless asked to, and its owner alone can read it. It can
be made while the job runs, and says so then.

It says what Cognito accepted. Nobody knows what was delivered.`

func evidenceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "output", Usage: "write to `FILE`, which must not exist; - is standard output; defaults to evidence-JOB-TIME.html", Sources: env("output"), Category: "Output"},
		&cli.BoolFlag{Name: "with-usernames", Usage: "name the users that were not plainly reset; they are personal data", Sources: env("with-usernames"), Category: "Output"},
		&cli.StringFlag{Name: flagSignKey, Usage: "sign the root with the Ed25519 key in `FILE`, if the job is over and its seal is not signed", Sources: env(flagSignKey), Category: "Output"},
	}
}

func (j *jobCommand) evidence(ctx context.Context, cmd *cli.Command, led Ledger) error {
	key, err := signKey(cmd)
	if err != nil {
		return err
	}
	jb, err := theOne(ctx, cmd, led)
	if err != nil {
		return err
	}
	now := time.Now().Truncate(time.Millisecond)
	e, err := report.Collect(ctx, led, jb.ID, report.Options{Version: ourVersion(), Usernames: cmd.Bool("with-usernames"), Now: now})
	if err != nil {
		return err
	}
	if key != nil {
		if err := j.signEvidence(ctx, led, &e, key); err != nil {
			return err
		}
	}
	if cmd.Bool(flagJSON) {
		if cmd.IsSet("output") {
			return usage("--json writes to standard output; leave --output out")
		}
		return evidenceToJSON(j.s.Out, e)
	}
	path := cmd.String("output")
	switch path {
	case "-":
		return page.Evidence(j.s.Out, e)
	case "":
		path = fmt.Sprintf("evidence-%s-%s.html", jb.ID, e.Made.Format("20060102T150405Z"))
	}
	if err := writeNew(path, func(w io.Writer) error { return page.Evidence(w, e) }); err != nil {
		return err
	}
	say(j.s.Out, "%s\n", path)
	if e.Sealed == report.SealBroken {
		return errors.New("the records do not give the root of the job's seal: they were changed since; see job verify")
	}
	return nil
}

// signEvidence signs the seal of a job that is over, and says so where there is
// nothing to sign. The ledger keeps a seal once: a signature that comes later is in
// the file alone.
func (j *jobCommand) signEvidence(ctx context.Context, led Ledger, e *report.Evidence, key ed25519.PrivateKey) error {
	switch {
	case !e.Settled:
		say(j.s.Err, "not signed: job %s is %s, and its root still changes\n", e.Job.ID, e.Job.State)
		return nil
	case e.Sealed == report.SealBroken:
		return fmt.Errorf("--%s: the records do not give the root of the job's seal, and nothing is signed; see job verify", flagSignKey)
	case e.Job.Seal != nil && e.Job.Seal.Signature != "":
		say(j.s.Err, "the job's seal is signed already\n")
		return nil
	}
	s := report.Sign(led.ID(), e.Job.ID, job.Seal{Root: e.Root, Leaves: e.Leaves}, key)
	if e.Job.Seal == nil {
		if err := led.SetSeal(ctx, e.Job.ID, s); err != nil {
			return fmt.Errorf("keeping the seal of job %s: %w", e.Job.ID, err)
		}
	} else {
		say(j.s.Err, "the ledger keeps its seal without a signature; this one is in the file alone:\n  job verify --public-key FILE --signature %s %s\n", s.Signature, e.Job.ID)
	}
	e.Job.Seal, e.Sealed = &s, report.SealWhole
	return nil
}

// writeNew writes a file that must not exist, for its owner's eyes. One that
// cannot be written in full is removed.
func writeNew(path string, write func(io.Writer) error) (err error) {
	f, err := file.New(path)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists; name another file with --output", path)
	}
	if err != nil {
		return fmt.Errorf("writing the evidence: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("writing the evidence: %w", err)
	}
	return nil
}
