package intake

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"relock/internal/job"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Config says what to read, and how. The zero value of a field has the meaning
// that its comment gives.
type Config struct {
	// Paths are the lists, in order; Stdin stands for the field Stdin. At least
	// one, or one of Streams.
	Paths []string
	// Streams are lists that are no files, read after Paths.
	Streams []Stream
	// Stdin is read when Paths names it.
	Stdin io.Reader
	// Column is the header's name of the column that holds the usernames, or,
	// with NoHeader, its number from 1; in JSON the name of a member or of an
	// attribute. Empty: the first of usernameColumns that the header has, or, with
	// NoHeader, the only column. Case, spaces, underscores and hyphens do not count.
	Column string
	// NoHeader says that the first row is a user already.
	NoHeader bool
	// Delimiter separates the fields. Zero: found from the first row, one of
	// comma, semicolon and tab, or what Excel's line "sep=" says.
	Delimiter rune
	// MetadataColumns are columns whose values become client metadata, each as
	// NAME or NAME=KEY; with NoHeader as NUMBER=KEY. An empty cell is left out,
	// so that Metadata's value for the key applies.
	MetadataColumns []string
	// Metadata is sent with every target that has none of its own for a key. It
	// is not part of the targets that come out; it counts toward MaxMetadata.
	Metadata map[string]string
	// Exclude are the users whose rows are left out, by any of their names. The
	// zero value excludes nobody.
	Exclude job.Exclusions
	// Trim removes white space at both ends of usernames.
	Trim bool
	// Literal takes usernames that Cognito permits as they are written, also what
	// a program seems to have damaged or what is not what the column's name
	// promises. Addresses with a password or a hash stay refused.
	Literal bool
	// SkipInvalid leaves rows that are not valid out, instead of failing.
	SkipInvalid bool
	// TempDir is where temporary files are made. Empty: os.TempDir.
	TempDir string
	// MaxProblems bounds how many problems, and how many duplicates, are kept in
	// memory to be shown; all are counted. Defaults to 20.
	MaxProblems int
	// Sample is how many targets to draw at random for List.Sample. Zero for none.
	Sample int
	// Rejects, if not nil, receives the rows that are not valid, as CSV with the
	// columns file, line, reason, row. The row is a CSV line in the delimiter of
	// its list, byte for byte as its fields were read, which a spreadsheet may
	// take for a formula; only passwords and hashes are left out.
	Rejects io.Writer
}

// metaColumn is one of Config.MetadataColumns.
type metaColumn struct {
	name, key string
}

// validate checks what can be checked before anything is read.
func (c *Config) validate() ([]metaColumn, error) {
	wrong := func(reason, remedy string) error {
		return &ListError{Kind: ErrConfig, Reason: reason, Remedy: remedy}
	}
	if len(c.Paths)+len(c.Streams) == 0 {
		return nil, wrong("no list is named", "name a CSV file, or - for standard input")
	}
	if reason, remedy := c.checkPaths(); reason != "" {
		return nil, wrong(reason, remedy)
	}
	if c.Delimiter != 0 && !validDelimiter(c.Delimiter) {
		return nil, wrong(fmt.Sprintf("%q cannot separate fields", c.Delimiter), "use a comma, a semicolon or a tab")
	}
	if c.NoHeader && c.Column != "" {
		if n, err := strconv.Atoi(c.Column); err != nil || n < 1 {
			return nil, wrong(fmt.Sprintf("without a header the column is a number from 1, not %q", c.Column),
				"use --column NUMBER, or leave --no-header out")
		}
	}
	columns := make([]metaColumn, 0, len(c.MetadataColumns))
	for _, s := range c.MetadataColumns {
		name, key, found := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		key = cmp.Or(key, name)
		if n, err := strconv.Atoi(name); c.NoHeader && (err != nil || n < 1 || !found) {
			return nil, wrong(fmt.Sprintf("without a header a metadata column is NUMBER=KEY, not %q", s),
				"use --metadata-column NUMBER=KEY, or leave --no-header out")
		}
		switch {
		case name == "":
			return nil, wrong(fmt.Sprintf("--metadata-column %q has no name", s), "use --metadata-column NAME or NAME=KEY")
		case slices.ContainsFunc(columns, func(m metaColumn) bool { return m.key == key }):
			return nil, wrong(fmt.Sprintf("two of --metadata-column have the key %q", key), "give each a key of its own with NAME=KEY")
		}
		if reason := checkText(key); reason != "" {
			return nil, wrong(fmt.Sprintf("--metadata-column: the key %q %s", key, reason), "choose another key")
		}
		columns = append(columns, metaColumn{name: name, key: key})
	}
	for _, key := range slices.Sorted(maps.Keys(c.Metadata)) {
		if key == "" {
			return nil, wrong("--metadata has an empty key", "use --metadata KEY=VALUE")
		}
		if reason := cmp.Or(checkText(key), checkText(c.Metadata[key])); reason != "" {
			return nil, wrong(fmt.Sprintf("--metadata: the pair of the key %q %s", key, reason), "remove it")
		}
	}
	if n := metadataSize(c.Metadata); n > MaxMetadata {
		return nil, wrong(fmt.Sprintf("--metadata has %d bytes, keys and values together", n),
			fmt.Sprintf("keep to %d bytes", MaxMetadata))
	}
	return columns, nil
}

// checkPaths says what is wrong with the names of the lists. A list that is named
// twice would be a list of duplicates, each of which repeats itself.
func (c *Config) checkPaths() (reason, remedy string) {
	infos := make([]fs.FileInfo, len(c.Paths))
	for i, p := range c.Paths {
		switch {
		case p == "":
			return "the name of a list is empty", "name a CSV file, or - for standard input; a variable of the shell may be unset"
		case p == Stdin && slices.Contains(c.Paths[:i], Stdin):
			return "standard input (-) is named more than once", "name it once"
		case p == Stdin && c.Stdin == nil:
			return "there is no standard input to read", "name a file"
		case p == Stdin:
			continue
		}
		info, err := os.Stat(p)
		if err != nil || !info.Mode().IsRegular() {
			continue // opening it says more
		}
		infos[i] = info
		for j, before := range infos[:i] {
			if before != nil && os.SameFile(before, info) {
				return fmt.Sprintf("%s and %s are one file", shown(c.Paths[j]), shown(p)), "name it once"
			}
		}
	}
	return "", ""
}
