package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"relock/internal/job"
)

// defaultProblems is Config.MaxProblems when it is zero.
const defaultProblems = 20

// List is a checked list. Close it. Its fields are the findings of Scan and do
// not change; Targets may be called by any number of goroutines.
type List struct {
	// Counts accounts for the rows: Rows = Duplicates + Invalid + Targets.
	// Headers and blank rows are not rows.
	Counts job.Counts
	// Files are the lists, in order.
	Files []File
	// ContentID is the same for two lists with the same distinct usernames and
	// the same metadata of their own, in whatever order and format. Where
	// duplicates differ in their metadata, that of the first counts.
	ContentID [sha256.Size]byte
	// Kinds counts the targets by the look of their usernames.
	Kinds NameKinds
	// Problems are the first Config.MaxProblems rows left out as not valid, and
	// InvalidByKind counts all of them.
	Problems      []Problem
	InvalidByKind map[ProblemKind]int64
	// Duplicates are the first Config.MaxProblems duplicates.
	Duplicates []Duplicate
	// DuplicatesDiffer is the number of duplicates whose own metadata is not
	// that of the row that is kept.
	DuplicatesDiffer int64

	cfg     Config
	meta    []metaColumn
	sources []*source
	skip    lineSet // lines, over all lists, of rows that are no targets
}

// File is what Scan has found out about one list.
type File struct {
	job.Source
	// Path is the path as given.
	Path string
	// Encoding, Gzip and Delimiter say how the list is written.
	Encoding  Encoding
	Gzip      bool
	Delimiter rune
	// Column is the name of the usernames' column as the header writes it, or
	// its number without a header.
	Column string
	// Rows is the number of rows, Blank that of lines and rows that name nobody.
	Rows, Blank int64

	base int64 // lines in the lists before
}

// Duplicate is a row whose username an earlier row has.
type Duplicate struct {
	File      string
	Line      int64
	FirstFile string
	FirstLine int64
	// Differs says that the rows' own metadata differs.
	Differs bool
}

// Scan reads the lists to their end, checks every row and finds the duplicates.
// The error is a *ListError, a *RowsError if rows are not valid and
// Config.SkipInvalid is not set, or the context's.
func Scan(ctx context.Context, cfg Config) (*List, error) {
	meta, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	cfg.MaxProblems = cmp.Or(cfg.MaxProblems, defaultProblems)
	cfg.Paths, cfg.Metadata = slices.Clone(cfg.Paths), maps.Clone(cfg.Metadata)
	l := &List{cfg: cfg, meta: meta, InvalidByKind: map[ProblemKind]int64{}}
	if err := l.scan(ctx); err != nil {
		_ = l.Close() // The files were only read.
		return nil, err
	}
	return l, nil
}

// Sources names the lists as a job.Job does.
func (l *List) Sources() []job.Source {
	s := make([]job.Source, len(l.Files))
	for i, f := range l.Files {
		s[i] = f.Source
	}
	return s
}

// Close gives up the files.
func (l *List) Close() error {
	errs := make([]error, 0, len(l.sources))
	for _, s := range l.sources {
		errs = append(errs, s.file.Close())
	}
	l.sources = nil
	return errors.Join(errs...)
}

func (l *List) scan(ctx context.Context) (err error) {
	d := newDistinct(l.cfg.TempDir, len(l.meta) > 0)
	defer func() {
		if cerr := d.close(); err == nil {
			err = cerr
		}
	}()
	s := scanner{list: l, distinct: d, rejects: newReport(l.cfg.Rejects, "file", "line", "reason", "row")}
	for _, path := range l.cfg.Paths {
		if err := s.file(ctx, path); err != nil {
			return err
		}
	}
	if err := s.rejects.flush(); err != nil {
		return err
	}
	if l.Counts.Rows == 0 {
		return &ListError{Kind: ErrEmpty, Reason: "the list names nobody", Remedy: "check how it was made"}
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
	return l.listDuplicates(d)
}

// listDuplicates writes the duplicates and keeps the first of them.
func (l *List) listDuplicates(d *distinct) error {
	out := newReport(l.cfg.DuplicatesOut, "file", "line", "first_file", "first_line")
	err := d.eachPair(func(p pair) (bool, error) {
		dup := Duplicate{Differs: p.differs}
		dup.File, dup.Line = l.place(p.line)
		dup.FirstFile, dup.FirstLine = l.place(p.first)
		if len(l.Duplicates) < l.cfg.MaxProblems {
			l.Duplicates = append(l.Duplicates, dup)
		} else if out == nil {
			return false, nil
		}
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
	distinct *distinct
	rejects  *report
	base     int64 // lines in the lists before
	name     []byte
	meta     []byte
}

// file reads one list.
func (s *scanner) file(ctx context.Context, path string) error {
	l := s.list
	src, err := openSource(ctx, path, &l.cfg)
	if err != nil {
		return err
	}
	l.sources = append(l.sources, src)
	r, err := openRows(ctx, src, &l.cfg, l.meta, true)
	if err != nil {
		return err
	}
	f := File{
		Path: path, Encoding: r.encoding, Gzip: r.zipped, Delimiter: r.delimiter, Column: r.name, base: s.base,
	}
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
	if err := r.finish(); err != nil {
		return err
	}
	f.Source, f.Blank = src.source(), r.blank
	l.Files = append(l.Files, f)
	l.Counts.Rows += f.Rows
	s.base += r.lines()
	return nil
}

// row takes a row in, or leaves it out.
func (s *scanner) row(r *rows) error {
	line := s.base + r.line
	if p := r.check(); p.Kind != "" {
		s.list.skip.add(line)
		return s.problem(p, r)
	}
	name := r.record[r.user]
	s.name = append(s.name[:0], name...)
	sum := sha256.Sum256(s.name)
	var own digest
	if len(r.meta.fields) > 0 {
		own, s.meta = r.meta.digest(r.record, s.meta)
	}
	return s.distinct.add(digest(sum[:16]), own, line, classify(name))
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
	_ = w.Write(r.record) // Neither a Builder nor a checked delimiter fails.
	w.Flush()
	return s.rejects.write(p.File, strconv.FormatInt(p.Line, 10), p.text(), strings.TrimSuffix(row.String(), "\n"))
}

// report is a CSV file that is asked for; nil if it is not.
type report struct {
	csv *csv.Writer
}

// newReport returns a report that begins with a header, or nil.
func newReport(w io.Writer, header ...string) *report {
	if w == nil {
		return nil
	}
	r := &report{csv: csv.NewWriter(w)}
	_ = r.csv.Write(header) // flush returns the error.
	return r
}

func (r *report) write(fields ...string) error {
	if r == nil {
		return nil
	}
	return reportError(r.csv.Write(fields))
}

func (r *report) flush() error {
	if r == nil {
		return nil
	}
	r.csv.Flush()
	return reportError(r.csv.Error())
}

func reportError(err error) error {
	if err == nil {
		return nil
	}
	return &ListError{Kind: ErrTemp, Reason: "the list of rejected rows or duplicates cannot be written", Err: err, Remedy: "free space, or name another file"}
}
