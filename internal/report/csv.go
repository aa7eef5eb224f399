package report

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"relock/internal/guard"
	"relock/internal/job"
	"relock/internal/ledger"
)

// maxMetadataKeys bounds the columns of a list.
const maxMetadataKeys = 100

// columns are those of every list, before the columns of metadata.
var columns = []string{
	guard.Column, "line", "outcome", "repeated", "code", "note", "request_id", "attempts", "at",
	"list", "calls", "sign_out", "sign_out_code", "sign_out_request_id", "sign_out_at",
}

// CSV writes the selected targets as a list that enqueue takes as it is: RFC 4180
// with a header, every cell guarded against formulas (package guard), and a column
// for each key of client metadata. It reads the job twice, for the keys first. A
// key that a column's name cannot hold is an error before anything is written.
func CSV(ctx context.Context, w io.Writer, led Ledger, j job.Job, sel Selection) error {
	keys, err := metadataKeys(entries(ctx, led, j.ID, sel))
	if err != nil {
		return err
	}
	header := slices.Clone(columns)
	for _, k := range keys {
		header = append(header, guard.MetadataPrefix+k)
	}
	b := bufio.NewWriter(w)
	writeRow(b, header)
	row := make([]string, 0, len(header))
	for e, err := range entries(ctx, led, j.ID, sel) {
		if err != nil {
			return err
		}
		row = append(row[:0],
			string(e.Username), strconv.FormatInt(e.Line, 10), string(e.Outcome), strconv.FormatBool(e.Repeated),
			e.Code, e.Note, e.RequestID, strconv.Itoa(e.Attempts), stamp(e.At),
			listName(j, e.Target), strconv.Itoa(e.Calls),
			string(e.SignOut), e.SignOutCode, e.SignOutRequestID, stamp(e.SignOutAt))
		known := 0
		for _, k := range keys {
			v, ok := e.Metadata[k]
			if ok {
				known++
			}
			row = append(row, v)
		}
		if known < len(e.Metadata) { // listed since the keys were read
			return fmt.Errorf("line %d: its metadata has a key that no target had a moment ago, because the list is still being read; run the command again", e.Line)
		}
		for i, cell := range row {
			row[i] = guard.Cell(cell)
		}
		writeRow(b, row)
	}
	return b.Flush()
}

// writeRow writes a row. What another separator than the comma would tear apart is
// quoted, too. The writer keeps the first error for Flush.
func writeRow(b *bufio.Writer, row []string) {
	for i, cell := range row {
		if i > 0 {
			_ = b.WriteByte(',')
		}
		if cell == "" || !strings.ContainsAny(cell, "\",;'\t\r\n") && strings.TrimSpace(cell) == cell {
			_, _ = b.WriteString(cell)
			continue
		}
		_ = b.WriteByte('"')
		_, _ = b.WriteString(strings.ReplaceAll(cell, `"`, `""`))
		_ = b.WriteByte('"')
	}
	_ = b.WriteByte('\n')
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// metadataKeys collects the keys of the targets' own metadata.
func metadataKeys(targets func(func(ledger.Entry, error) bool)) ([]string, error) {
	found := make(map[string]bool)
	for e, err := range targets {
		if err != nil {
			return nil, err
		}
		for k := range e.Metadata {
			if found[k] {
				continue
			}
			if !columnName(k) {
				return nil, fmt.Errorf("the metadata has a key that the header of a CSV file cannot hold: %q; use --json", k)
			}
			found[k] = true
		}
		if len(found) > maxMetadataKeys {
			return nil, fmt.Errorf("the targets' metadata has more than %d keys, too many for columns; use --json", maxMetadataKeys)
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// columnName reports whether enqueue reads a key back from a header.
func columnName(k string) bool {
	return utf8.ValidString(k) && strings.TrimSpace(k) == k && !strings.ContainsFunc(k, unicode.IsControl) &&
		guard.Cell(guard.MetadataPrefix+k) == guard.MetadataPrefix+k
}
