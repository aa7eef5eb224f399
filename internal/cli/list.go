package cli

import (
	"context"
	"errors"
	"fmt"

	"relock/internal/intake"
	"relock/internal/number"
)

// read checks the whole list. Rows left out, and duplicates, go to files.
func (e *enqueue) read(ctx context.Context, set settings) (_ *intake.List, err error) {
	cfg := set.list
	cfg.Stdin = e.s.In
	var beside reports
	defer func() { err = errors.Join(err, beside.close()) }()
	// A dry run leaves no file behind that was not asked for.
	if cfg.SkipInvalid && (!set.dryRun || e.cmd.IsSet("rejects")) {
		if cfg.Rejects, err = beside.open("rejects", set.rejects, cfg.Paths); err != nil {
			return nil, err
		}
	}
	if name := e.cmd.String("duplicates"); name != "" {
		if cfg.DuplicatesOut, err = beside.open("duplicates", name, cfg.Paths); err != nil {
			return nil, err
		}
	}
	list, err := intake.Scan(ctx, cfg)
	rows, bad := errors.AsType[*intake.RowsError](err)
	if err == nil || bad {
		if err := beside.commit(); err != nil {
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
	return fmt.Errorf("%s of %s cannot be used; %s", number.Group(err.Invalid), number.Of(err.Rows, "row", "rows"), remedy)
}
