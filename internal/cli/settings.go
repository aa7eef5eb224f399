package cli

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
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
}

// jobPattern keeps job IDs fit for file names, labels and shells.
var jobPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

func (e *enqueue) settings() (settings, error) {
	cmd := e.cmd
	s := settings{
		pool: cmd.String(flagPool), job: cmd.String("job"),
		dryRun: cmd.Bool("dry-run"), offline: cmd.Bool("offline"),
		rejects: cmd.String("rejects"),
	}
	var err error
	if s.region, err = checkPool(s.pool); err != nil {
		return s, err
	}
	if s.queue, s.ledger, err = places(cmd); err != nil {
		return s, err
	}
	if cmd.Bool(flagCreateTable) && s.ledger.kind != "dynamodb" {
		return s, usage("--%s goes with --%s dynamodb://TABLE", flagCreateTable, flagLedger)
	}
	if s.job != "" && !jobPattern.MatchString(s.job) {
		return s, usage("--job %q: want letters, digits, dots, dashes and underscores, 80 at most", s.job)
	}
	if s.offline && !s.dryRun {
		return s, usage("--offline goes with --dry-run only")
	}
	if err := e.checkYes(); err != nil {
		return s, err
	}
	if s.rejects == "" {
		s.rejects = "rejects.csv"
	}
	s.list, err = e.listConfig()
	return s, err
}

func (e *enqueue) listConfig() (intake.Config, error) {
	cmd := e.cmd
	paths := cmd.Args().Slice()
	if len(paths) == 0 {
		return intake.Config{}, usage("no list is named; give a CSV file, or - for standard input")
	}
	// A flag behind a file name would be taken for a file.
	if i := slices.IndexFunc(paths, func(p string) bool { return strings.HasPrefix(p, "--") }); i >= 0 {
		return intake.Config{}, usage("%s stands behind a file name; put flags first", paths[i])
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
	m := make(map[string]string, len(pairs))
	for _, p := range pairs {
		k, v, ok := strings.Cut(p, "=")
		if !ok || k == "" {
			return nil, usage("--%s %q: want KEY=VALUE", flag, p)
		}
		if _, twice := m[k]; twice {
			return nil, usage("--%s: the key %q comes twice", flag, k)
		}
		m[k] = v
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

// names lists the base names of the lists.
func (s settings) names() string {
	names := make([]string, len(s.list.Paths))
	for i, p := range s.list.Paths {
		if names[i] = filepath.Base(p); p == intake.Stdin {
			names[i] = "standard input"
		}
	}
	return strings.Join(names, ", ")
}
