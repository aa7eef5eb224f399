package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"

	"relock/internal/job"
)

// defaultProblems is Config.MaxProblems when it is zero.
const defaultProblems = 20

// List is a checked list. Close it. Its fields are the findings of Scan and
// change with Unique alone; Targets may be called by any number of goroutines.
type List struct {
	// Counts accounts for the rows: Rows = Duplicates + Excluded + Invalid +
	// Targets. A row that names an excluded user counts as Excluded each time.
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
	// Excluded are the first Config.MaxProblems rows of excluded users.
	Excluded []Row
	// CaseTwins is the number of targets whose username differs from an earlier
	// target's by case only, and Twins the first Config.MaxProblems of them. In a
	// pool that ignores case they are the same user.
	CaseTwins int64
	Twins     []Twin
	// SubTwins is how many of CaseTwins have the form of a sub, and so are the same
	// user in every pool; SubTwinsAt are the first Config.MaxProblems of them.
	SubTwins   int64
	SubTwinsAt []Twin
	// Sample are targets drawn at random, each with the same chance, in the order
	// of the lists: Config.Sample of them, or all of a list that is not longer.
	// After Unique it can be fewer.
	Sample []job.Target

	cfg     Config
	meta    []metaColumn
	sources []*source
	skip    lineSet // lines, over all lists, of rows that are no targets
	scanner *scanner
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
	// JSON says that the list is JSON. Its rows are numbered by user, not by line.
	JSON bool
	// Column is the name of the usernames' column as the header writes it, or
	// its number without a header; empty for a list of texts in JSON.
	Column string
	// PassedOver are the columns that would have been taken, had the header not
	// Column, and no column was asked for.
	PassedOver []string
	// Rows is the number of rows, Blank that of lines and rows that name nobody.
	Rows, Blank int64

	base int64 // lines in the lists before
}

// Row is the place of a row.
type Row struct {
	File string
	Line int64
}

// Duplicate is a row whose username an earlier row has.
type Duplicate struct {
	File      string
	Line      int64
	FirstFile string
	FirstLine int64
	// Differs says that the rows' own metadata differs.
	Differs bool
	// OtherName says that the rows have two names of one user, as Unique found.
	OtherName bool
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
	return errors.Join(append(errs, l.Settle())...)
}

// Settle gives up what Unique, Earlier and WriteDuplicates need: about 24 bytes a
// row in a temporary file, and some megabytes of memory.
func (l *List) Settle() error {
	if l.scanner == nil {
		return nil
	}
	err := l.scanner.close()
	l.scanner = nil
	return err
}
