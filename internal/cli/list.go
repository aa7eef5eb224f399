package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"relock/internal/intake"
)

// read checks the whole list. Rows left out, and duplicates, go to files.
func (e *enqueue) read(ctx context.Context, set settings) (*intake.List, error) {
	cfg := set.list
	cfg.Stdin = e.s.In
	// A dry run leaves no file behind that was not asked for.
	if cfg.SkipInvalid && (!set.dryRun || e.cmd.IsSet("rejects")) {
		f, err := aside("rejects", set.rejects, cfg.Paths)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // Scan has flushed, and reported errors
		cfg.Rejects = f
	}
	if name := e.cmd.String("duplicates"); name != "" {
		var err error
		if e.duplicates, err = aside("duplicates", name, cfg.Paths); err != nil {
			return nil, err
		}
	}
	list, err := intake.Scan(ctx, cfg)
	if rows, ok := errors.AsType[*intake.RowsError](err); ok {
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
	err := errors.Join(list.WriteDuplicates(e.duplicates), e.duplicates.Close())
	e.duplicates = nil
	return err
}

// aside opens a file for rows, which is readable for its owner only, and never one
// of the lists.
func aside(flag, name string, lists []string) (*os.File, error) {
	if there, err := os.Stat(name); err == nil {
		for _, list := range lists {
			if info, err := os.Stat(list); err == nil && os.SameFile(there, info) {
				return nil, usage("--%s %s is the list itself; name another file", flag, name)
			}
		}
	}
	f, err := os.OpenFile(filepath.Clean(name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w; name a file that can be written", flag, err)
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if err := f.Chmod(0o600); err != nil { // it was there before
			_ = f.Close()
			return nil, fmt.Errorf("--%s: %w; name another file", flag, err)
		}
	}
	return f, nil
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
	return fmt.Errorf("%d of %d rows cannot be used; %s", err.Invalid, err.Rows, remedy)
}
