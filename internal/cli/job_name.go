package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/number"
)

// namedMost is how many jobs an error names.
const namedMost = 5

// resolve is the job that name means: the one with that ID, or the only one whose ID
// begins so. flag, if any, goes before the name in errors.
func resolve(jobs []job.Job, flag, name string) (job.Job, error) {
	if flag != "" {
		flag = "--" + flag + ": "
	}
	if name == "" {
		return job.Job{}, usage("%sthe name of a job is empty; `job list` shows all", flag)
	}
	var found []job.Job
	for _, j := range jobs {
		if j.ID == name {
			return j, nil
		}
		if strings.HasPrefix(j.ID, name) {
			found = append(found, j)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return job.Job{}, fmt.Errorf("%sthe ledger has no job %q%s; `job list` shows all", flag, name, nearestJobs(jobs, name))
	default:
		return job.Job{}, usage("%s%q is the beginning of %d jobs: %s; name one with more letters", flag, name, len(found), ids(found))
	}
}

// nearestJobs names the jobs whose IDs are most like name, which may be a beginning.
func nearestJobs(jobs []job.Job, name string) string {
	if len(jobs) == 0 {
		return ", nor any other"
	}
	list := slices.Clone(jobs)
	far := func(j job.Job) int { return slices.Min(distances(strings.ToLower(name), strings.ToLower(j.ID))) }
	slices.SortStableFunc(list, func(a, b job.Job) int { return cmp.Compare(far(a), far(b)) })
	if len(list) == 1 {
		return "; the only one is " + list[0].ID
	}
	return "; the nearest are " + ids(list[:min(len(list), 3)])
}

func ids(jobs []job.Job) string {
	var list []string
	for _, j := range jobs[:min(len(jobs), namedMost)] {
		list = append(list, j.ID)
	}
	s := strings.Join(list, ", ")
	if n := len(jobs) - len(list); n > 0 {
		s += fmt.Sprintf(" and %s more", number.Group(int64(n)))
	}
	return s
}

// resolveAll turns the names of a repeatable flag into IDs.
func resolveAll(ctx context.Context, led Ledger, flag string, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the jobs: %w", err)
	}
	var list []string
	for _, name := range names {
		j, err := resolve(jobs, flag, name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, j.ID) {
			list = append(list, j.ID)
		}
	}
	return list, nil
}

// one is the job that the command names.
func one(ctx context.Context, cmd *cli.Command, led Ledger) (job.Job, error) {
	if cmd.Args().Len() != 1 {
		return job.Job{}, usage("name one job; `job list` shows all")
	}
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return job.Job{}, err
	}
	return resolve(jobs, "", cmd.Args().First())
}

// theOne is the job that the command names, or the ledger's only one.
func theOne(ctx context.Context, cmd *cli.Command, led Ledger) (job.Job, error) {
	if cmd.Args().Len() > 0 {
		return one(ctx, cmd, led)
	}
	jobs, err := someJobs(ctx, led)
	if err != nil {
		return job.Job{}, err
	}
	if len(jobs) > 1 {
		return job.Job{}, usage("name one job: the ledger has %s; `job list` shows all", ids(jobs))
	}
	return jobs[0], nil
}

// current is the job that the command names, or the only open one, or else the
// newest.
func (j *jobCommand) current(ctx context.Context, cmd *cli.Command, led Ledger) (job.Job, error) {
	if cmd.Args().Len() > 0 {
		return one(ctx, cmd, led)
	}
	jobs, err := someJobs(ctx, led)
	if err != nil {
		return job.Job{}, err
	}
	open := slices.DeleteFunc(slices.Clone(jobs), func(j job.Job) bool { return j.State.Over() })
	if len(open) == 1 {
		return open[0], nil
	}
	if len(open) > 1 {
		say(j.s.Err, "%d jobs are open: %s; this is the newest job, and `job status JOB` shows another\n", len(open), ids(open))
	}
	return slices.MaxFunc(jobs, func(a, b job.Job) int { return a.Created.Compare(b.Created) }), nil
}

// someJobs are the ledger's jobs, one at least.
func someJobs(ctx context.Context, led Ledger) ([]job.Job, error) {
	jobs, err := led.Jobs(ctx)
	if err == nil && len(jobs) == 0 {
		err = fmt.Errorf("the ledger has no jobs")
	}
	return jobs, err
}
