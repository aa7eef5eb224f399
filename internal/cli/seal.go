package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/number"
	"relock/internal/report"
	"relock/internal/worker"
)

// signKeyFlag is the worker's.
func signKeyFlag() cli.Flag {
	return &cli.StringFlag{Name: flagSignKey, Usage: "sign the root of each job that ends with the Ed25519 key in `FILE` (PEM, PKCS #8, mode 0600)", Sources: env(flagSignKey), Category: "Run"}
}

// sealer seals the jobs that end while a worker runs. Its methods may be called
// concurrently.
type sealer struct {
	led report.Sealer
	key ed25519.PrivateKey // nil: not signed
	log *slog.Logger

	mu    sync.Mutex
	seals map[string]job.Seal
}

func newSealer(led report.Sealer, key ed25519.PrivateKey, log *slog.Logger) *sealer {
	return &sealer{led: led, key: key, log: log, seals: make(map[string]job.Seal)}
}

// finished is the worker's Finished: it seals a job that is over, and logs the
// root, which proves something only where the ledger's writers cannot reach.
func (s *sealer) finished(ctx context.Context, j job.Job) {
	seal, err := report.Seal(ctx, s.led, j.ID, s.key)
	if errors.Is(err, ledger.ErrSealed) {
		s.log.Error("the records of the job do not give the root that it was sealed with: they were changed, see `job verify`", "job", j.ID, "sealed", sealedRoot(j), "root", seal.Root)
		return
	}
	if err != nil {
		s.log.Warn("the job is not sealed; the next worker tries again", "job", j.ID, "error", err)
		return
	}
	s.log.Info("job sealed: keep the root outside of the ledger", "job", j.ID, "root", seal.Root, "leaves", seal.Leaves,
		"signature", seal.Signature)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seals[j.ID] = seal
}

func sealedRoot(j job.Job) string {
	if j.Seal == nil {
		return ""
	}
	return j.Seal.Root
}

// into puts the seals into jobs that were read before they were sealed.
func (s *sealer) into(jobs []worker.JobStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range jobs {
		if seal, ok := s.seals[jobs[i].Job.ID]; ok {
			jobs[i].Job.Seal = &seal
		}
	}
}

// saySeal shows the root for people.
func saySeal(w io.Writer, s *job.Seal) {
	if s == nil {
		return
	}
	signed := ""
	if s.Signature != "" {
		signed = ", signed"
	}
	say(w, "  root of its %s%s; keep it outside of the ledger:\n    %s\n", number.Of(s.Leaves, "record", "records"), signed, s.Root)
}

// signKey reads the key of --sign-key; nil without the flag.
func signKey(cmd *cli.Command) (ed25519.PrivateKey, error) {
	path := cmd.String(flagSignKey)
	if path == "" {
		return nil, nil
	}
	key, err := report.SigningKey(path)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flagSignKey, err)
	}
	return key, nil
}
