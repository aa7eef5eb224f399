package intake

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relock/internal/job"
)

// permitted is Cognito's own pattern, as its API reference writes it.
var permitted = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$`)

// written is a list as a program somewhere may write it.
type written struct {
	content   []byte
	rows      int
	invalid   []int64
	blank     int64
	endsBlank bool         // the last line is an empty one
	accepted  []job.Target // duplicates included
}

var (
	someName = rapid.OneOf(
		rapid.StringMatching(`[a-z]{1,2}`),
		rapid.StringMatching(`[a-z]{1,8}@example\.com`),
		rapid.StringOfN(rapid.RuneFrom([]rune("aé名😀\u0301²=+-@,;\t\"|'")), 1, 6, -1),
		rapid.StringOfN(rapid.Rune(), 0, 130, -1),
	)
	// A CSV reader makes LF of CR LF within quotes, so the notes have no CR.
	someNote = rapid.StringOfN(rapid.RuneFrom([]rune("aé😀 ,;\t\"\n|")), 0, 6, -1)
)

// drawList writes a list in a random format.
func drawList(t *rapid.T, index int, key string) written {
	delimiter := rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "delimiter")
	end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
	order := rapid.Permutation([]string{"id", "UserName", "note"}).Draw(t, "columns")
	always := rapid.Bool().Draw(t, "always quoted")
	var w written
	var b strings.Builder
	line := int64(1)
	put := func(fields ...string) {
		for i, f := range fields {
			if i > 0 {
				b.WriteString(delimiter)
			}
			if always || strings.ContainsAny(f, "\"\r\n"+delimiter) || rapid.IntRange(0, 9).Draw(t, "quoted") == 0 {
				f = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
			}
			b.WriteString(f)
		}
		b.WriteString(end)
		line += 1 + int64(strings.Count(strings.Join(fields, ""), "\n"))
	}
	if delimiter == "|" {
		b.WriteString("sep=|" + end)
		line++
	}
	put(order...)
	for range rapid.IntRange(0, 30).Draw(t, "rows") {
		w.endsBlank = false
		switch rapid.IntRange(0, 12).Draw(t, "kind of row") {
		case 0:
			b.WriteString(end)
			line++
			w.blank++
			w.endsBlank = true
			continue
		case 1:
			put("", "", "")
			w.blank++
			continue
		case 2:
			w.rows++
			w.invalid = append(w.invalid, line)
			put("1", "ana", "one", "too many")
			continue
		}
		name, note, id := someName.Draw(t, "username"), someNote.Draw(t, "note"), rapid.StringMatching(`[0-9]{1,3}`).Draw(t, "id")
		w.rows++
		if !permitted.MatchString(name) {
			w.invalid = append(w.invalid, line)
		} else {
			target := job.Target{Username: job.Username(name), File: index, Line: line}
			if note != "" {
				target.Metadata = map[string]string{key: note}
			}
			w.accepted = append(w.accepted, target)
		}
		fields := make([]string, len(order))
		for i, column := range order {
			fields[i] = map[string]string{"id": id, "UserName": name, "note": note}[column]
		}
		put(fields...)
	}
	text := b.String()
	if rapid.Bool().Draw(t, "no end of the last line") {
		text = strings.TrimSuffix(text, end)
		if w.endsBlank {
			w.blank-- // There is no line any more.
		}
	}
	w.content = drawEncoding(t, text)
	return w
}

// drawEncoding encodes and compresses a text, or not.
func drawEncoding(t *rapid.T, text string) []byte {
	var b []byte
	switch rapid.SampledFrom([]string{"UTF-8", "BOM", "LE", "BE"}).Draw(t, "encoding") {
	case "UTF-8":
		b = []byte(text)
	case "BOM":
		b = []byte("\ufeff" + text)
	case "LE":
		b = []byte(utf16Text("\ufeff"+text, false))
	case "BE":
		b = []byte(utf16Text("\ufeff"+text, true))
	}
	if rapid.Bool().Draw(t, "gzip") {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		b = z.Bytes()
	}
	return b
}

// TestRoundTrip says that what goes in comes out, in whatever format it is
// written: a model keeps the books in a map and checks names with Cognito's
// pattern.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom([]string{"note", "k"}).Draw(t, "metadata key")
		cfg := Config{SkipInvalid: true, MaxProblems: 1000, MetadataColumns: []string{"note=" + key}, Literal: true}
		var want []job.Target
		var counts job.Counts
		var dups []Duplicate
		var invalid []int64
		var blank int64
		type place struct {
			file, note string
			line       int64
		}
		first := map[job.Username]place{}
		for i := range rapid.IntRange(1, 3).Draw(t, "lists") {
			w := drawList(t, i, key)
			path := filepath.Join(dir, fmt.Sprint(i))
			if err := os.WriteFile(path, w.content, 0o600); err != nil {
				t.Fatal(err)
			}
			cfg.Paths = append(cfg.Paths, path)
			counts.Rows += int64(w.rows)
			counts.Invalid += int64(len(w.invalid))
			invalid = append(invalid, w.invalid...)
			blank += w.blank
			for _, target := range w.accepted {
				note := target.Metadata[key]
				if f, ok := first[target.Username]; ok {
					counts.Duplicates++
					dups = append(dups, Duplicate{
						File: path, Line: target.Line, FirstFile: f.file, FirstLine: f.line, Differs: note != f.note,
					})
					continue
				}
				first[target.Username] = place{file: path, line: target.Line, note: note}
				counts.Targets++
				want = append(want, target)
			}
		}

		l, err := Scan(t.Context(), cfg)
		if counts.Targets == 0 {
			if err == nil {
				t.Fatal("a list without a target is accepted")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		var got []job.Target
		for target, err := range l.Targets(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, target)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("targets (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(counts, l.Counts); diff != "" {
			t.Fatalf("counts (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(dups, l.Duplicates); diff != "" {
			t.Fatalf("duplicates (-want +got):\n%s", diff)
		}
		var lines []int64
		for _, p := range l.Problems {
			lines = append(lines, p.Line)
		}
		if diff := cmp.Diff(invalid, lines); diff != "" {
			t.Fatalf("lines of rows that are not valid (-want +got):\n%s", diff)
		}
		var gotBlank int64
		for _, f := range l.Files {
			gotBlank += f.Blank
		}
		if gotBlank != blank {
			t.Fatalf("%d blank rows, want %d", gotBlank, blank)
		}
	})
}
