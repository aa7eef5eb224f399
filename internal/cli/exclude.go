package cli

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/number"
	"relock/internal/reset"
)

// lookUpsAtOnce is how many exclusions are looked up at the same time: at 96 a
// second and a tenth of a second each, ten are under way.
const lookUpsAtOnce = 16

// excluded reads the lists of --exclude and resolves each name to every name that
// the pool has for the user. One that cannot be resolved is an error: somebody
// who was to be spared would be reset.
func (e *enqueue) excluded(ctx context.Context, d *reset.Directory, paths []string) ([]job.Exclusion, error) {
	given, err := readExclusions(ctx, intake.Config{Paths: paths, Trim: e.cmd.Bool("trim"), Literal: e.cmd.Bool("literal")})
	if err != nil {
		return nil, err
	}
	note := newNotes(e.s.Err, number.Text("looking up the excluded users: %%d of %d", len(given)))
	found := make([][]reset.User, len(given))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(lookUpsAtOnce)
	for i, x := range given {
		g.Go(func() (err error) {
			found[i], err = d.Named(gctx, x.Given)
			note.add(1)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("looking up the users of --exclude: %w", err)
	}
	return e.resolved(given, found)
}

// maxUnresolved is how many names that cannot be resolved are shown.
const maxUnresolved = 20

// resolved makes the exclusions of what was found. Names are not shown: a file
// and a line are as good, and no personal data.
func (e *enqueue) resolved(given []job.Exclusion, found [][]reset.User) ([]job.Exclusion, error) {
	var list []job.Exclusion
	nobody := 0
	for i, x := range given {
		at := fmt.Sprintf("%s:%d", x.File, x.Line)
		switch n := len(found[i]); {
		case n == 0:
			if nobody++; nobody <= maxUnresolved {
				say(e.s.Err, "%s: the pool has no user of this name\n", at)
			}
		case n > 1:
			say(e.s.Err, "%s: %d users of the pool go by this name; all of them are excluded\n", at, n)
		}
		for _, u := range found[i] {
			x.Username, x.Sub, x.Email, x.Phone, x.Preferred = u.Username, u.Sub, u.Email, u.Phone, u.Preferred
			list = append(list, x)
		}
	}
	if nobody > maxUnresolved {
		say(e.s.Err, "… and %d more\n", nobody-maxUnresolved)
	}
	if nobody > 0 {
		return nil, fmt.Errorf("%s of the %s of --exclude cannot be found in the pool; mend or remove them, so that nobody is reset who should be spared", number.Group(int64(nobody)), users(int64(len(given))))
	}
	return list, ledger.CheckExclusions(list)
}

// readExclusions reads the names, each with its place; a name that comes twice
// counts once.
func readExclusions(ctx context.Context, cfg intake.Config) ([]job.Exclusion, error) {
	l, err := intake.Scan(ctx, cfg)
	if err != nil {
		return nil, exclusionsError(err)
	}
	defer func() { _ = l.Close() }() // only read
	if n := l.Counts.Targets; n > ledger.MaxExclusions {
		return nil, fmt.Errorf("--exclude: the lists name %s, and a job can spare %s; is this the right file?", users(int64(n)), number.Group(ledger.MaxExclusions))
	}
	given := make([]job.Exclusion, 0, l.Counts.Targets)
	for t, err := range l.Targets(ctx) {
		if err != nil {
			return nil, exclusionsError(err)
		}
		given = append(given, job.Exclusion{Given: t.Username, File: l.Files[t.File].Name, Line: t.Line})
	}
	return given, nil
}

// exclusionsError says that it is not the list of targets that is at fault, and
// leaves the remedies out that are flags for that one.
func exclusionsError(err error) error {
	if rows, ok := errors.AsType[*intake.RowsError](err); ok {
		p := rows.Problems[0]
		return fmt.Errorf("--exclude: %s (%s of %s cannot be used); mend them: an exclusion is not skipped", p, number.Group(rows.Invalid), number.Of(rows.Rows, "row", "rows"))
	}
	if e, ok := errors.AsType[*intake.ListError](err); ok && errors.Is(err, intake.ErrHeader) {
		c := *e
		c.Remedy = "begin the file with a line that says username"
		err = &c
	}
	return fmt.Errorf("--exclude: %w", err)
}
