package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"io"
	"sort"
	"strconv"
	"strings"

	"relock/internal/job"
)

func (l *List) scan(ctx context.Context) error {
	s := &scanner{
		list: l, folds: newFolds(l.cfg.TempDir), sample: newSample(l.cfg.Sample),
		rejects: newReport(l.cfg.Rejects, "file", "line", "reason", "row"),
	}
	l.scanner = s
	for _, path := range l.cfg.Paths {
		src, err := openSource(ctx, path, &l.cfg)
		if err == nil {
			err = s.read(ctx, src)
		}
		if err != nil {
			return err
		}
	}
	for _, stream := range l.cfg.Streams {
		src, err := openStream(ctx, stream, l.cfg.TempDir)
		if err == nil {
			err = s.read(ctx, src)
		}
		if err != nil {
			return err
		}
	}
	d := s.distinct
	if err := s.rejects.flush(); err != nil {
		return err
	}
	if l.Counts.Rows == 0 {
		return l.nobody()
	}
	if n := l.Counts.Invalid; n > 0 && (!l.cfg.SkipInvalid || n == l.Counts.Rows) {
		return &RowsError{
			Invalid: n, Rows: l.Counts.Rows, ByKind: l.InvalidByKind, Problems: l.Problems,
			None: n == l.Counts.Rows,
		}
	}
	if err := d.resolve(ctx, s.base, l.skip.add); err != nil {
		return err
	}
	l.Counts.Targets, l.Counts.Duplicates = d.targets, d.dups
	l.ContentID, l.Kinds, l.DuplicatesDiffer = d.id, d.kinds, d.differ
	if l.Counts.Targets == 0 {
		return &ListError{Kind: ErrEmpty, Reason: "everybody on the list is excluded", Remedy: "check the list and the exclusions"}
	}
	return l.complete(ctx)
}

// complete makes the findings that depend on which rows are targets.
func (l *List) complete(ctx context.Context) error {
	if err := l.findTwins(ctx); err != nil {
		return err
	}
	l.Sample = nil
	for _, r := range l.scanner.sample.drawn(l.skip) {
		l.Sample = append(l.Sample, r.target)
	}
	return l.keepDuplicates()
}

// nobody says that no list has a row.
func (l *List) nobody() error {
	e := &ListError{Kind: ErrEmpty, Reason: "the lists name nobody", Remedy: "check how they were made"}
	switch {
	case len(l.cfg.Streams) > 0: // the pool gave it, or a ledger
		e.Reason, e.Remedy = "nobody was found for the list", "check --user-pool-id, --group, --filter and --status"
	case len(l.Files) == 1:
		e.File, e.Reason, e.Remedy = l.Files[0].Path, "names nobody: a header, and no row below it", "check how the list was made"
	}
	return e
}

// findTwins counts the targets that differ by case only, and keeps the first.
func (l *List) findTwins(ctx context.Context) error {
	all, subs, err := l.scanner.folds.twins(ctx, l.scanner.distinct, l.skip, l.cfg.MaxProblems)
	l.CaseTwins, l.Twins = all.n, l.places(all.first)
	l.SubTwins, l.SubTwinsAt = subs.n, l.places(subs.first)
	return err
}

func (l *List) places(twins []twin) []Twin {
	var places []Twin
	for _, t := range twins {
		var p Twin
		p.File, p.Line = l.place(t.line)
		p.FirstFile, p.FirstLine = l.place(t.first)
		places = append(places, p)
	}
	return places
}

// keepDuplicates keeps the first duplicates.
func (l *List) keepDuplicates() error {
	l.Duplicates = nil
	return l.scanner.distinct.eachPair(func(p pair) (bool, error) {
		if len(l.Duplicates) == l.cfg.MaxProblems {
			return false, nil
		}
		l.Duplicates = append(l.Duplicates, l.duplicate(p))
		return true, nil
	})
}

func (l *List) duplicate(p pair) Duplicate {
	dup := Duplicate{Differs: p.differs, OtherName: p.otherName}
	dup.File, dup.Line = l.place(p.line)
	dup.FirstFile, dup.FirstLine = l.place(p.first)
	return dup
}

// WriteDuplicates writes all duplicates in list order, as CSV with the columns
// file, line, first_file, first_line. The error is a *ListError.
func (l *List) WriteDuplicates(w io.Writer) error {
	out := newReport(w, "file", "line", "first_file", "first_line")
	err := l.scanner.distinct.eachPair(func(p pair) (bool, error) {
		dup := l.duplicate(p)
		return true, out.write(dup.File, strconv.FormatInt(dup.Line, 10), dup.FirstFile, strconv.FormatInt(dup.FirstLine, 10))
	})
	if err != nil {
		return err
	}
	return out.flush()
}

// place finds the file and line of a line over all lists.
func (l *List) place(line int64) (string, int64) {
	i := sort.Search(len(l.Files), func(i int) bool { return l.Files[i].base >= line }) - 1
	return l.Files[i].Path, line - l.Files[i].base
}

// scanner is the state of pass one.
type scanner struct {
	list     *List
	distinct *distinct // nil before the first list
	folds    *folds
	sample   *sample
	rejects  *report
	pairs    pairs // of the list that is read
	base     int64 // lines in the lists before
	name     []byte
	meta     []byte
}

// close gives up the temporary files.
func (s *scanner) close() error {
	err := s.folds.rows.close()
	if s.distinct != nil {
		err = cmp.Or(err, s.distinct.close())
	}
	return err
}

// read reads one list.
func (s *scanner) read(ctx context.Context, src *source) error {
	l := s.list
	l.sources = append(l.sources, src)
	r, err := openRows(ctx, src, &l.cfg, l.meta, true)
	if err != nil {
		return err
	}
	if err := s.begin(r); err != nil {
		return err
	}
	f := File{
		Path: src.path, Encoding: r.encoding, Gzip: r.zipped, Delimiter: r.delimiter, JSON: r.json != nil,
		Column: r.column, PassedOver: r.passed, base: s.base,
	}
	s.pairs = pairs{}
	for {
		err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		f.Rows++
		if err := s.row(r); err != nil {
			return err
		}
	}
	if err := s.pairs.check(r.path, f.Rows); err != nil {
		return err
	}
	f.Source, f.Blank = src.source(), r.blank
	l.Files = append(l.Files, f)
	l.Counts.Rows += f.Rows
	s.base += r.lines()
	return nil
}

// begin makes ready for the rows of a list. What is kept of a row is of one size,
// so that the first list says whether rows have metadata of their own.
func (s *scanner) begin(r *rows) error {
	own := len(r.meta.fields) > 0
	switch {
	case s.distinct == nil:
		s.distinct = newDistinct(s.list.cfg.TempDir, own)
	case own && !s.distinct.meta:
		return &ListError{
			Kind: ErrHeader, File: r.path, Line: r.line, Reason: "the list has columns of metadata, and the list before it has none",
			Remedy: "name it before the others",
		}
	}
	return nil
}

// row takes a row in, or leaves it out.
func (s *scanner) row(r *rows) error {
	line := s.base + r.line
	p := r.check()
	if p.Kind == problemSecret {
		return secretError(p.File, p.Line, p.secret)
	}
	if p.Kind != "" {
		s.list.skip.add(line)
		return s.problem(p, r)
	}
	name := r.name
	if s.list.cfg.Exclude.Has(job.Username(name)) {
		s.excluded(r, line)
		return nil
	}
	if !r.literal && !r.trusted {
		s.pairs.add(name, r.at)
	}
	s.name = append(s.name[:0], name...)
	sum := sha256.Sum256(s.name)
	var own digest
	if len(r.meta.fields) > 0 {
		own, s.meta = r.meta.digest(r.record, s.meta)
	}
	s.sample.take(name, line, func() job.Target { return r.target(len(s.list.Files)) })
	kind := classify(name)
	if err := s.folds.add(name, line, kind); err != nil {
		return err
	}
	return s.distinct.add(digest(sum[:16]), own, line, kind)
}

// excluded leaves a row out that names somebody who is not to be touched.
func (s *scanner) excluded(r *rows, line int64) {
	l := s.list
	l.skip.add(line)
	l.Counts.Excluded++
	if len(l.Excluded) < l.cfg.MaxProblems {
		l.Excluded = append(l.Excluded, Row{File: r.path, Line: r.line})
	}
}

func (s *scanner) problem(p Problem, r *rows) error {
	l := s.list
	l.Counts.Invalid++
	l.InvalidByKind[p.Kind]++
	if len(l.Problems) < l.cfg.MaxProblems {
		l.Problems = append(l.Problems, p)
	}
	if s.rejects == nil {
		return nil
	}
	var row strings.Builder
	w := csv.NewWriter(&row)
	w.Comma = r.delimiter
	_ = w.Write(r.withoutSecrets()) // Neither a Builder nor a checked delimiter fails.
	w.Flush()
	return s.rejects.write(p.File, strconv.FormatInt(p.Line, 10), p.text(), strings.TrimSuffix(row.String(), "\n"))
}
