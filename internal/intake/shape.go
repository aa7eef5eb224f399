package intake

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// shapeBytes is how much of a list is looked at to say what its columns hold, at
// most.
const shapeBytes = 8 << 10

// What the error says of line ends.
const (
	mixedEnds  = "some lines end with CR alone, others do not"
	endsRemedy = "end all of them with LF or CRLF"
)

// unnamed refuses a list without a header that has more than one column, of which
// none is named. It says what the columns hold, and shows no value.
func (r *rows) unnamed(start []byte) error {
	return &ListError{
		Kind: ErrHeader, File: r.path, Line: r.line,
		Reason: fmt.Sprintf("the first row has %d columns, and nothing says which holds the usernames: %s", len(r.record), r.shape(start)),
		Remedy: "name it with --column NUMBER; if each field is a user, write one a line",
	}
}

// looks are what a column may hold, in words.
var looks = []string{"other text", "e-mail address", "phone number", "sub", "federated name", "hash", "nothing"}

const (
	lookHash    = 5
	lookNothing = 6
)

// shape says what the columns of the first rows look like.
func (r *rows) shape(start []byte) string {
	in := csv.NewReader(bytes.NewReader(start))
	in.Comma, in.FieldsPerRecord = r.delimiter, -1
	counts := make([][]int, len(r.record))
	for i := range counts {
		counts[i] = make([]int, len(looks))
	}
	for range 100 {
		record, err := in.Read()
		if err != nil || len(record) != len(counts) {
			break
		}
		for i, cell := range record {
			counts[i][lookOf(strings.TrimSpace(cell))]++
		}
	}
	var parts []string
	const most = 8
	for from := 0; from < len(counts); {
		to := from + 1
		for to < len(counts) && slices.Equal(counts[to], counts[from]) {
			to++
		}
		if len(parts) == most {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, columnRange(from+1, to)+": "+lookWords(counts[from], to-from > 1))
		from = to
	}
	return strings.Join(parts, "; ")
}

func columnRange(from, to int) string {
	if from == to {
		return fmt.Sprintf("column %d", from)
	}
	return fmt.Sprintf("columns %d to %d", from, to)
}

func lookWords(counts []int, each bool) string {
	var parts []string
	suffix := ""
	if each {
		suffix = " each"
	}
	for i, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s (%d%s)", looks[i], n, suffix))
		}
	}
	return strings.Join(parts, ", ")
}

func lookOf(cell string) int {
	switch {
	case cell == "":
		return lookNothing
	case isHash(cell) || isCrypt(cell):
		return lookHash
	default:
		return int(classify(cell))
	}
}

// withoutSecrets is the row with the passwords and hashes in it left out.
func (r *rows) withoutSecrets() []string {
	record := slices.Clone(r.record)
	for i, cell := range record {
		if i == r.user && marksOf(cell)&markPair != 0 && !r.literal && !r.trusted {
			record[i] = "(left out)" // the part behind the mark may be a password
		}
		if r.header != nil && i < len(r.header) && holdsOf(r.header[i]) == holdsSecret || isHash(cell) || suspect(cell) != harmless {
			if cell != "" {
				record[i] = "(left out)"
			}
		}
	}
	return record
}
