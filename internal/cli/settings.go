package cli

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/intake"
)

// settings are enqueue's flags, checked.
type settings struct {
	pool, region  string
	queue, ledger place
	list          intake.Config
	rejects       string
	job           string
	dryRun        bool
	offline       bool
	createTable   bool
}

// jobPattern keeps job IDs fit for file names, labels and shells.
var jobPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

func (e *enqueue) settings() (settings, error) {
	cmd := e.cmd
	s := settings{
		pool: cmd.String(flagPool), job: cmd.String("job"),
		dryRun: cmd.Bool("dry-run"), offline: cmd.Bool("offline"),
		rejects: cmd.String("rejects"), createTable: cmd.Bool(flagCreateTable),
	}
	var err error
	if s.region, err = regionOf(cmd, []string{s.pool}); err != nil {
		return s, err
	}
	if s.queue, s.ledger, err = places(cmd); err != nil {
		return s, err
	}
	if s.createTable && s.ledger.kind != "dynamodb" {
		return s, usage("--%s goes with --%s dynamodb://TABLE", flagCreateTable, flagLedger)
	}
	if s.job != "" && !jobPattern.MatchString(s.job) {
		return s, usage("--job %q: want letters, digits, dots, dashes and underscores, 80 at most", s.job)
	}
	if _, err := logger(cmd, io.Discard); err != nil {
		return s, err // before anything is done
	}
	if s.offline && !s.dryRun {
		return s, usage("--offline goes with --dry-run only")
	}
	if s.rejects == "" {
		s.rejects = "rejects.csv"
	}
	if s.list, err = e.listConfig(); err != nil {
		return s, err
	}
	return s, e.checkConsent(s)
}

func (e *enqueue) listConfig() (intake.Config, error) {
	cmd := e.cmd
	paths := cmd.Args().Slice()
	if len(paths) == 0 {
		return intake.Config{}, usage("no list is named; give a CSV file, or - for standard input")
	}
	meta, err := keyValues("metadata", cmd.StringSlice("metadata"))
	if err != nil {
		return intake.Config{}, err
	}
	return intake.Config{
		Paths: paths, Column: cmd.String("column"), NoHeader: cmd.Bool("no-header"),
		Metadata: meta, MetadataColumns: cmd.StringSlice("metadata-column"),
		SkipInvalid: cmd.Bool("skip-invalid"),
	}, nil
}

func keyValues(flag string, pairs []string) (map[string]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	m, size := make(map[string]string, len(pairs)), 0
	for _, p := range pairs {
		k, v, ok := strings.Cut(p, "=")
		if !ok || k == "" {
			return nil, usage("--%s %q: want KEY=VALUE, as in --%s case=INC-1123", flag, p, flag)
		}
		if _, twice := m[k]; twice {
			return nil, usage("--%s: the key %q comes twice", flag, k)
		}
		m[k] = v
		size += len(k) + len(v)
	}
	if size > intake.MaxMetadata {
		return nil, usage("--%s has %d bytes, keys and values together; keep to %d", flag, size, intake.MaxMetadata)
	}
	return m, nil
}

// command is the command line that consumes what was sent.
func (s settings) workerCommand(cmd *cli.Command) string {
	b := fmt.Sprintf("worker --%s %s", flagPool, s.pool)
	if s.queue.kind != "file" || s.queue.at != defaultDir {
		b += fmt.Sprintf(" --%s %s", flagQueue, s.queue)
	}
	if s.ledger != s.queue {
		b += fmt.Sprintf(" --%s %s", flagLedger, s.ledger)
	}
	if r := cmd.Float(flagRate); r != 0 {
		b += fmt.Sprintf(" --%s %g", flagRate, r)
	}
	return b + " --drain"
}
