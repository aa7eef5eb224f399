package cli

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/report"
)

const (
	flagRoot      = "root"
	flagPublicKey = "public-key"
	flagSignKey   = "sign-key"
	flagSignature = "signature"
)

const verifyHelp = `Reads every record of the job and computes the root of a Merkle tree over them and
the job's own record. Whoever can write the ledger can change records, root and
signature alike, so that only what was kept outside of it proves anything: the root
that the worker printed and logged at the end, or the public key of its --sign-key.
The root is the stronger: a worker with the key would seal and sign a job anew that
somebody has taken the seal from. With --signature, as the evidence of that night
has it, the key is as good.

   openssl genpkey -algorithm ed25519 -out seal.pem     for worker --sign-key
   openssl pkey -in seal.pem -pubout -out seal.pub      for --public-key here

Exit code 0: nothing was changed, as far as could be told. 1: something was, or the
job still runs.`

func verifyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: flagRoot, Usage: "the root as the worker printed it, in `HEX`", Sources: env(flagRoot), Category: "Trust"},
		&cli.StringFlag{Name: flagPublicKey, Usage: "`FILE` with the public key of the key that signed (Ed25519, PEM)", Sources: env(flagPublicKey), Category: "Trust"},
		&cli.StringFlag{Name: flagSignature, Usage: "with --public-key: the signature in `BASE64` as the evidence has it, instead of the ledger's", Sources: env(flagSignature), Category: "Trust"},
	}
}

// verifyJSON is the verdict on a job's records.
type verifyJSON struct {
	Event    string           `json:"event"` // verify
	Job      string           `json:"job"`
	State    job.State        `json:"state"`
	Whole    bool             `json:"whole"`
	Proved   bool             `json:"proved"`
	Root     string           `json:"root"`
	Leaves   int64            `json:"leaves"`
	Seal     *job.Seal        `json:"seal"`
	Sealed   report.SealState `json:"sealed"`
	Unlisted int64            `json:"unlisted,omitempty"`
	Problems []string         `json:"problems"`
}

func (j *jobCommand) verify(ctx context.Context, cmd *cli.Command, led Ledger) error {
	trust := report.Trust{Root: cmd.String(flagRoot), Signature: cmd.String(flagSignature)}
	if b, err := hex.DecodeString(trust.Root); trust.Root != "" && (err != nil || len(b) != 32) {
		return usage("--%s %q is not a root: want 64 hexadecimal digits, as the worker printed them", flagRoot, trust.Root)
	}
	if path := cmd.String(flagPublicKey); path != "" {
		var err error
		if trust.Key, err = report.PublicKey(path); err != nil {
			return fmt.Errorf("--%s: %w", flagPublicKey, err)
		}
	}
	if trust.Signature != "" && trust.Key == nil {
		return usage("--%s goes with --%s", flagSignature, flagPublicKey)
	}
	jb, err := theOne(ctx, cmd, led)
	if err != nil {
		return err
	}
	v, err := report.Verify(ctx, led, jb.ID, trust)
	if err != nil {
		return err
	}
	if cmd.Bool(flagJSON) {
		problems := append([]string{}, v.Problems...)
		err = writeJSON(j.s.Out, verifyJSON{"verify", jb.ID, v.Job.State, v.Whole, v.Proved, v.Root, v.Leaves, v.Seal, v.State, v.Unlisted, problems})
	} else {
		j.sayVerdict(v, trust)
	}
	if err == nil && !v.Whole {
		err = &exitError{ExitError, nil}
	}
	return err
}

func (j *jobCommand) sayVerdict(v report.Verdict, trust report.Trust) {
	line := func(format string, args ...any) { sayWrapped(j.s.Out, "", format, args...) }
	say(j.s.Out, "job     %s (%s)\nleaves  %d\nroot    %s\n\n", v.Job.ID, v.Job.State, v.Leaves, v.Root)
	if !v.Whole {
		say(j.s.Out, "NOT WHOLE\n")
		for _, p := range v.Problems {
			line("- %s", p)
		}
		return
	}
	defer func() {
		if v.Unlisted > 0 {
			line("%s no record: enqueue was interrupted before the job was cancelled.", number.Of(v.Unlisted, "target of the list has", "targets of the list have"))
		}
		if v.Proved && v.Seal == nil {
			line("The ledger has no seal of the job: no worker has made one yet, or it was removed.")
		}
	}()
	switch {
	case trust.Root != "" && trust.Key != nil:
		line("Whole: the records give the root that was kept outside, and its signature is that of the key.")
	case trust.Root != "":
		line("Whole: the records give the root that was kept outside.")
	case trust.Key != nil:
		line("Whole: the signature over the root of these records is that of the key.")
	case v.State == report.SealWhole:
		line("The records give the root of the ledger's own seal. That proves nothing against somebody who can write the ledger: compare the root with the one that the worker printed and logged (--%s), or give the public key (--%s).", flagRoot, flagPublicKey)
	default:
		line("The job has no seal. This is the root of its records as they are now; it proves nothing by itself.")
	}
}
