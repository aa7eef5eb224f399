package cli

import (
	"context"
	"errors"
	"fmt"

	"relock/internal/intake"
	"relock/internal/number"
)

// read checks the whole list. Rows left out, and duplicates, go to files.
func (e *enqueue) read(ctx context.Context, set settings) (*intake.List, error) {
	cfg := set.list
	cfg.Stdin = e.s.In
	var err error
	// A dry run leaves no file behind that was not asked for.
	if cfg.SkipInvalid && (!set.dryRun || e.cmd.IsSet("rejects")) {
		if cfg.Rejects, err = e.reports.open("rejects", set.rejects, cfg.Paths); err != nil {
			return nil, err
		}
	}
	if name := e.cmd.String("duplicates"); name != "" {
		if e.duplicates, err = e.reports.open("duplicates", name, cfg.Paths); err != nil {
			return nil, err
		}
	}
	list, err := intake.Scan(ctx, cfg)
	rows, bad := errors.AsType[*intake.RowsError](err)
	if err == nil || bad {
		if err := e.reports.commit("rejects"); err != nil {
			return nil, err
		}
	}
	if bad {
		return nil, e.rows(rows)
	}
	if errors.Is(err, intake.ErrConfig) {
		return nil, &exitError{ExitUsage, err}
	}
	return list, err
}

// writeDuplicates fills --duplicates, once it is known which rows are targets.
func (e *enqueue) writeDuplicates(list *intake.List) error {
	if e.duplicates == nil {
		return nil
	}
	err := list.WriteDuplicates(e.duplicates)
	if err == nil {
		err = e.reports.commit("duplicates")
	}
	e.duplicates = nil
	return err
}

// rows shows the rows that are not valid.
func (e *enqueue) rows(err *intake.RowsError) error {
	for _, p := range err.Problems {
		say(e.s.Err, "%s\n", p)
	}
	if more := err.Invalid - int64(len(err.Problems)); more > 0 {
		say(e.s.Err, "… and %d more\n", more)
	}
	remedy := "mend them, or leave them out with --skip-invalid"
	if err.None {
		remedy = "no row is left; check --column and the list"
	}
	if err.ByKind[intake.ProblemForm] > 0 {
		remedy += ", or take usernames as they are written with --literal"
	}
	return fmt.Errorf("%s of %s cannot be used; %s", number.Group(err.Invalid), number.Of(err.Rows, "row", "rows"), remedy)
}
