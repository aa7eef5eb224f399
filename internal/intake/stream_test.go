package intake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
)

// stream is a list of targets as a Stream.
func stream(name string, keys []string, ts ...job.Target) Stream {
	return Stream{Name: name, Keys: keys, Write: func(_ context.Context, w *StreamWriter) error {
		for _, t := range ts {
			if err := w.Add(t.Username, t.Metadata); err != nil {
				return err
			}
		}
		return nil
	}}
}

// awkward are usernames that a CSV file could be read wrongly for.
var awkward = []string{
	"user", "username", "sep=;", `"`, `""`, `a"b`, "a,b", "a;b", `a\`, "'", "'=1+1", "=1+1", "+49", "@x",
	"שלום", "e\u0301", "join\u034fer", "ㅤ", "\U0001F512", "guarded_username", "metadata:x", "#", "NULL", "0",
}

func TestStreamGivesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	var want []job.Target
	for i, name := range awkward {
		target := job.Target{Username: job.Username(name), Line: int64(i) + 2}
		if i%2 == 0 {
			target.Metadata = map[string]string{"case=1": fmt.Sprintf("a\n%s,%d", name, i)}
		}
		want = append(want, target)
	}
	var cfg Config
	cfg.Configure(stream("pool:all", []string{"case=1", "other"}, want...))
	l := scan(t, cfg)
	if diff := cmp.Diff(job.Counts{Rows: int64(len(want)), Targets: int64(len(want))}, l.Counts); diff != "" {
		t.Error(diff)
	}
	got := targets(t, l)
	for i := range want {
		want[i].Line = got[i].Line // a value with a line feed takes two lines
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := l.Sources(); len(s) != 1 || s[0].Name != "pool:all" || len(s[0].SHA256) != 64 {
		t.Errorf("the source is %+v", s)
	}
}

func TestStreamIsTheSameListAsAFile(t *testing.T) {
	t.Parallel()
	var cfg Config
	cfg.Configure(
		stream("pool:group:a", nil, job.Target{Username: "ana"}, job.Target{Username: "bob"}),
		stream("pool:group:b", nil, job.Target{Username: "bob"}, job.Target{Username: "cid"}),
	)
	l := scan(t, cfg)
	f := scan(t, Config{Paths: []string{file(t, "list.csv", "username\ncid\nbob\nana\n")}})
	if l.ContentID != f.ContentID {
		t.Error("the same users have another ID")
	}
	if l.Counts != (job.Counts{Rows: 4, Duplicates: 1, Targets: 3}) {
		t.Errorf("counts: %+v", l.Counts)
	}
	if d := (Duplicate{File: "pool:group:b", Line: 2, FirstFile: "pool:group:a", FirstLine: 3}); l.Duplicates[0] != d {
		t.Errorf("the duplicate is %+v", l.Duplicates[0])
	}
}

func TestStreamLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stop := errors.New("stop")
	for _, end := range []error{nil, stop} {
		cfg := Config{TempDir: dir}
		cfg.Configure(Stream{Name: "pool:all", Write: func(_ context.Context, w *StreamWriter) error {
			for i := range 100_000 {
				if err := w.Add(job.Username(fmt.Sprintf("user%06d", i)), nil); err != nil {
					return err
				}
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
				t.Errorf("the folder has %v, %v", names, err)
			}
			return end
		}})
		l, err := Scan(t.Context(), cfg)
		if !errors.Is(err, end) {
			t.Fatalf("got %v, want %v", err, end)
		}
		if l != nil {
			if l.Counts.Targets != 100_000 {
				t.Errorf("%+v", l.Counts)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestEmptyStream(t *testing.T) {
	t.Parallel()
	var cfg Config
	cfg.Configure(stream("pool:all", nil))
	if _, err := Scan(t.Context(), cfg); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v", err)
	}
}

func toTargets(names []string) []job.Target {
	ts := make([]job.Target, len(names))
	for i, n := range names {
		ts[i].Username = job.Username(n)
	}
	return ts
}

// TestStreamOfOneColumn has names that a file of one column could be taken for
// another by: its header, Excel's first line, another delimiter.
func TestStreamOfOneColumn(t *testing.T) {
	t.Parallel()
	for _, list := range [][]string{
		{"username"}, {"user"}, {"sep=;", "a;b;c"}, {"a;b;c", "d;e;f"}, {"a;b", "username", "c;d"}, {"guarded_username", "'=1"},
	} {
		var cfg Config
		cfg.Configure(stream("pool:all", nil, toTargets(list)...))
		l := scan(t, cfg)
		if diff := cmp.Diff(list, names(targets(t, l))); diff != "" {
			t.Errorf("%q: %s", list, diff)
		}
		if f := l.Files[0]; f.Delimiter != ',' || f.Column != streamColumn {
			t.Errorf("%q: separated by %q, column %q", list, f.Delimiter, f.Column)
		}
	}
}

// An empty list of the pool's is not the fault of a file.
func TestAStreamThatNamesNobody(t *testing.T) {
	t.Parallel()
	var cfg Config
	cfg.Configure(stream("pool:filter:email", nil))
	_, err := Scan(t.Context(), cfg)
	want := "nobody was found for the list; check --user-pool-id, --group, --filter and --status"
	if !errors.Is(err, ErrEmpty) || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}
