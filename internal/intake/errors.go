package intake

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"relock/internal/number"
)

// The kinds of failure, for errors.Is. Each ListError and RowsError is one.
var (
	// ErrConfig says that the Config asks for something that cannot be: wrong
	// usage.
	ErrConfig = errors.New("wrong use of the list's options")
	// ErrRead says that a list cannot be opened or read.
	ErrRead = errors.New("the list cannot be read")
	// ErrFormat says that a list is neither CSV nor JSON that can be read without
	// guessing.
	ErrFormat = errors.New("the list is not readable CSV or JSON")
	// ErrHeader says that the columns asked for are not in the header.
	ErrHeader = errors.New("the header does not fit")
	// ErrEmpty says that there is nobody on the list.
	ErrEmpty = errors.New("the list is empty")
	// ErrSecret says that a list may hold passwords or their hashes beside the
	// names.
	ErrSecret = errors.New("the list may hold passwords")
	// ErrInvalid says that rows are not valid; it comes as a *RowsError.
	ErrInvalid = errors.New("rows are not valid")
	// ErrChanged says that a list changed between the two passes.
	ErrChanged = errors.New("the list changed while it was read")
	// ErrTemp says that a temporary file, or one of the files asked for, cannot
	// be written.
	ErrTemp = errors.New("a file cannot be written")
)

// ListError is a failure that stops the reading of a list. Its text never holds
// a username; it names the place instead, and what to do.
type ListError struct {
	// Kind is one of this package's sentinel errors.
	Kind error
	// File is the path as given, or empty.
	File string
	// Line and Column (in bytes) count from 1; 0 if there is none to name.
	Line, Column int64
	// Reason says what is wrong, Remedy what to do; Remedy may be empty.
	Reason, Remedy string
	// Err is the cause, or nil.
	Err error
}

// Error is FILE:LINE:COLUMN: reason: cause; remedy.
func (e *ListError) Error() string {
	var b strings.Builder
	b.WriteString(place(e.File, e.Line, e.Column))
	b.WriteString(e.Reason)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// Is reports whether target is the error's kind.
func (e *ListError) Is(target error) bool { return target == e.Kind }

// Unwrap returns the cause.
func (e *ListError) Unwrap() error { return e.Err }

// place is the "FILE:LINE:COLUMN: " before a message.
func place(file string, line, column int64) string {
	if file == "" {
		return ""
	}
	file = shown(file)
	switch {
	case line == 0:
		return file + ": "
	case column == 0:
		return fmt.Sprintf("%s:%d: ", file, line)
	default:
		return fmt.Sprintf("%s:%d:%d: ", file, line, column)
	}
}

// shown is a path as it may be written to a terminal, which obeys control characters.
func shown(path string) string {
	if path == Stdin {
		return "standard input"
	}
	if !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl) {
		return strconv.Quote(path)
	}
	return path
}

// ProblemKind says what is wrong with a row. It is a closed set.
type ProblemKind string

// The kinds of problem.
const (
	// ProblemFields: the row has more or fewer fields than the header.
	ProblemFields ProblemKind = "fields"
	// ProblemEncoding: the row is not valid UTF-8.
	ProblemEncoding ProblemKind = "encoding"
	// ProblemEmpty: the username is empty.
	ProblemEmpty ProblemKind = "empty"
	// ProblemSpace: the username holds white space.
	ProblemSpace ProblemKind = "space"
	// ProblemControl: the username holds a control character.
	ProblemControl ProblemKind = "control"
	// ProblemCharacter: the username holds another character that Cognito does
	// not permit.
	ProblemCharacter ProblemKind = "character"
	// ProblemLength: the username is longer than Cognito permits.
	ProblemLength ProblemKind = "length"
	// ProblemForm: the username is none by its form, or not what its column's name
	// promises. Config.Literal takes it nevertheless.
	ProblemForm ProblemKind = "form"
	// ProblemHidden: CloudTrail has hidden the username.
	ProblemHidden ProblemKind = "hidden"
	// ProblemMetadata: the client metadata is too long, or cannot be sent.
	ProblemMetadata ProblemKind = "metadata"
	// ProblemHeader: the row is the header once more.
	ProblemHeader ProblemKind = "header"

	// problemSecret: a password or a hash stands beside the name. It stops the
	// scan.
	problemSecret ProblemKind = "secret"
)

// Problem is what is wrong with one row.
type Problem struct {
	// File is the path as given.
	File string
	// Line is where the row begins, from 1.
	Line int64
	// Element is the number of the row in a list in JSON, from 1; else 0.
	Element int64
	// Column is the header's name of the column, or its number without a
	// header; empty when the row as a whole is meant.
	Column string
	Kind   ProblemKind
	// Reason is a sentence without the username; it says what to do where that
	// is not plain.
	Reason string

	secret suspicion // with problemSecret
}

// String is FILE:LINE: column NAME: reason.
func (p Problem) String() string { return place(p.File, p.Line, 0) + p.text() }

func (p Problem) text() string {
	text := p.Reason
	if p.Column != "" {
		text = "column " + p.Column + ": " + text
	}
	if p.Element != 0 {
		text = fmt.Sprintf("user %d: %s", p.Element, text)
	}
	return text
}

// RowsError says that rows are not valid, so that nothing may be sent.
type RowsError struct {
	// Invalid of Rows rows are not valid.
	Invalid, Rows int64
	// ByKind counts them by what is wrong.
	ByKind map[ProblemKind]int64
	// Problems are the first Config.MaxProblems, in list order.
	Problems []Problem
	// None says that no row is left, so that skipping does not help.
	None bool
}

// Error names the number of rows, the first problem and the remedy.
func (e *RowsError) Error() string {
	remedy := "mend them, or leave them out with --skip-invalid"
	if e.None {
		remedy = "no row is left; check --column and the list"
	}
	if e.ByKind[ProblemForm] > 0 {
		remedy += ", or take usernames as they are written with --literal"
	}
	return number.Text("%d of %d rows are not valid, the first: %v; %s", e.Invalid, e.Rows, e.Problems[0], remedy)
}

// Is reports whether target is ErrInvalid.
func (e *RowsError) Is(target error) bool { return target == ErrInvalid }
