package cli

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/preflight"
)

// settings are enqueue's flags, checked.
type settings struct {
	pool, region  string
	queue, ledger place
	queueRegion   string
	list          intake.Config
	rejects       string
	job           string
	dryRun        bool
	unique        bool
	offline       bool
	createTable   bool

	// exclude are the files of --exclude, from what the pool's list is made where
	// there is no file, and parent the job that is tried again; nil without.
	exclude []string
	from    *poolList
	parent  *parent
	// gathered is what these turned out to be.
	gathered *gathered
	// force are the findings to go on in spite of.
	force []string
}

// inFiles reports whether neither queue nor ledger is AWS's.
func (s settings) inFiles() bool { return s.queue.kind == "file" && s.ledger.kind == "file" }

// jobPattern keeps job IDs fit for file names, labels and shells.
var jobPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

func (e *enqueue) settings() (settings, error) {
	cmd := e.cmd
	s := settings{
		pool: cmd.String(flagPool), job: cmd.String("job"),
		dryRun: cmd.Bool("dry-run"), offline: cmd.Bool("offline"), unique: cmd.Bool(flagUnique),
		queueRegion: cmd.String(flagQueueRegion),
		rejects:     cmd.String("rejects"), createTable: cmd.Bool(flagCreateTable),
		exclude: cmd.StringSlice(flagExclude), parent: e.parent,
	}
	var err error
	if s.parent != nil {
		s.pool = s.parent.job.Pool
	} else if s.pool == "" {
		return s, usage("--%s is required%s", flagPool, meaning(cmd, flagPool))
	}
	if s.from, err = e.poolList(); err != nil {
		return s, err
	}
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
	if s.force, err = forced(cmd, preflight.Forceable()); err != nil {
		return s, err
	}
	if n := cmd.Int("sample"); n < 0 || n > sampleMost {
		return s, usage("--sample %d: want 0 to %d", n, sampleMost)
	}
	if cmd.Int64(flagCanary) < 0 {
		return s, usage("--%s %d: want a number of users, or 0 for none", flagCanary, cmd.Int64(flagCanary))
	}
	if s.offline && !s.dryRun && !s.inFiles() {
		return s, usage("--offline asks AWS nothing, and --%s %s and --%s %s need AWS; a queue and a ledger in files do not, nor does --dry-run", flagQueue, s.queue, flagLedger, s.ledger)
	}
	if s.offline && (len(s.exclude) > 0 || s.from != nil) {
		return s, usage("--offline asks AWS nothing, and --%s and lists from the pool need its answers; leave one out", flagExclude)
	}
	if s.unique && (s.offline || s.from != nil) {
		return s, usage("--%s asks AWS who each name of a list is; leave out --offline, and the flag itself for a list from the pool, which names each user once", flagUnique)
	}
	if s.rejects == "" {
		s.rejects = "rejects.csv"
	}
	if s.list, err = e.listConfig(s); err != nil {
		return s, err
	}
	return s, e.checkConsent(s)
}

func (e *enqueue) listConfig(s settings) (intake.Config, error) {
	cmd := e.cmd
	paths := cmd.Args().Slice()
	if err := e.oneSource(s, paths); err != nil {
		return intake.Config{}, err
	}
	meta, err := keyValues("metadata", cmd.StringSlice("metadata"))
	if err != nil {
		return intake.Config{}, err
	}
	return intake.Config{
		Paths: paths, Column: cmd.String("column"), NoHeader: cmd.Bool("no-header"),
		Trim: cmd.Bool("trim"), Literal: cmd.Bool("literal"),
		Metadata: meta, MetadataColumns: cmd.StringSlice("metadata-column"),
		SkipInvalid: cmd.Bool("skip-invalid"), Sample: cmd.Int("sample"),
	}, nil
}

// oneSource checks that the list comes from one place.
func (e *enqueue) oneSource(s settings, paths []string) error {
	var sources []string
	if len(paths) > 0 {
		sources = append(sources, "FILE")
	}
	if s.from != nil {
		sources = append(sources, "a list from the pool")
	}
	if s.parent != nil {
		sources = append(sources, "--"+flagRetry)
	}
	switch {
	case len(sources) == 0:
		return usage("no list is named; give a CSV file, or - for standard input")
	case len(sources) > 1:
		return usage("%s: a list has one source; choose one of them", strings.Join(sources, " and "))
	case len(paths) > 0:
		return nil
	}
	for _, name := range []string{"column", "no-header", "metadata-column"} {
		if e.cmd.IsSet(name) {
			return usage("--%s is about a FILE; leave it out", name)
		}
	}
	return nil
}

// shape gives a job what follows from where its list comes from and from the
// exclusions.
func (s settings) shape(j *job.Job) {
	if s.parent != nil {
		j.Parent, j.Policy = s.parent.job.ID, s.parent.inherit(j.Policy)
	}
	if n := len(s.gathered.exclusions); n > 0 {
		j.Plan.Excluded = n
		j.Plan.FoldCase = j.Plan.FoldCase || s.gathered.fold
	}
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

// workerCommand is the command line that works on what was sent.
func (s settings) workerCommand(cmd *cli.Command) string {
	b := fmt.Sprintf("worker --%s %s", flagPool, s.pool) + queueFlags(cmd, s.queue)
	if s.ledger != s.queue {
		b += fmt.Sprintf(" --%s %s", flagLedger, s.ledger)
	}
	if r := cmd.Float(flagRate); r != 0 {
		b += fmt.Sprintf(" --%s %g", flagRate, r)
		if rateForced(cmd) {
			b += fmt.Sprintf(" --%s %s", flagForce, preflight.RateOverQuota)
		}
	}
	return b + " --drain"
}
