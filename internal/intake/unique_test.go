package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relock/internal/job"
)

// byLetter takes names with the same first letter for one user, and those that
// begin with x for nobody.
func byLetter(_ context.Context, name job.Username) (string, error) {
	if name[0] == 'x' {
		return "", nil
	}
	return string(name[:1]), nil
}

func TestUnique(t *testing.T) {
	t.Parallel()
	a := file(t, "a.csv", "username,case\na1,1\nb1,2\na2,1\na1,1\nx1,\nxX1,\n")
	b := file(t, "b.csv", "username,case\nb2,3\nc1,4\nC1,4\nx1,\na2,1\n")
	l := scan(t, Config{Paths: []string{a, b}, MetadataColumns: []string{"case"}, Sample: 100})
	id := l.ContentID
	u, err := l.Unique(t.Context(), 3, byLetter)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(job.Unique{LookedUp: 8, Unknown: 2, Dropped: 2, Digest: u.Digest}, u); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want := job.Counts{Rows: 11, Duplicates: 5, Targets: 6}
	if diff := cmp.Diff(want, l.Counts); diff != "" {
		t.Errorf("Counts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a1", "b1", "x1", "xX1", "c1", "C1"}, names(targets(t, l))); diff != "" {
		t.Errorf("Targets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(targets(t, l), l.Sample); diff != "" {
		t.Errorf("the sample has what was dropped (-targets +sample):\n%s", diff)
	}
	wantDups := []Duplicate{
		{File: a, Line: 4, FirstFile: a, FirstLine: 2, OtherName: true},
		{File: a, Line: 5, FirstFile: a, FirstLine: 2},
		{File: b, Line: 2, FirstFile: a, FirstLine: 3, Differs: true, OtherName: true},
		{File: b, Line: 5, FirstFile: a, FirstLine: 6},
		{File: b, Line: 6, FirstFile: a, FirstLine: 4},
	}
	if diff := cmp.Diff(wantDups, l.Duplicates); diff != "" {
		t.Errorf("Duplicates (-want +got):\n%s", diff)
	}
	if l.DuplicatesDiffer != 1 || l.CaseTwins != 1 {
		t.Errorf("%d duplicates differ, and %d names by case; want 1 each", l.DuplicatesDiffer, l.CaseTwins)
	}
	if l.ContentID != id {
		t.Error("the list is another now")
	}
}

// Whatever the order in which answers come, the first row of each user stays, and
// the same rows have the same digest.
func TestUniqueAgainstAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		list := rapid.SliceOfN(rapid.StringMatching(`[a-dx][0-9]`), 1, 60).Draw(r, "names")
		var want []string
		seen := map[string]bool{}
		for _, name := range list {
			key := name
			if name[0] != 'x' {
				key = name[:1]
			}
			if !seen[key] && !seen["="+name] {
				want = append(want, name)
			}
			seen[key], seen["="+name] = true, true
		}
		digest := ""
		for range 2 {
			l, err := Scan(t.Context(), Config{Paths: []string{Stdin}, Stdin: strings.NewReader("username\n" + strings.Join(list, "\n") + "\n")})
			if err != nil {
				r.Fatal(err)
			}
			u, err := l.Unique(t.Context(), 4, byLetter)
			if err != nil {
				r.Fatal(err)
			}
			if diff := cmp.Diff(want, names(targets(t, l))); diff != "" {
				r.Errorf("-want +got:\n%s", diff)
			}
			if digest != "" && u.Digest != digest {
				r.Error("the same rows have another digest")
			}
			digest = u.Digest
			_ = l.Close()
		}
	})
}

func TestUniqueFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var calls atomic.Int64
	l := scan(t, Config{Paths: []string{Stdin}, Stdin: strings.NewReader("username\n" + strings.Join(many(1000), "\n") + "\n")})
	_, err := l.Unique(t.Context(), 4, func(context.Context, job.Username) (string, error) {
		if calls.Add(1) > 100 {
			return "", broken
		}
		return "one", nil
	})
	if !errors.Is(err, broken) || calls.Load() > 110 {
		t.Errorf("after %d calls: %v", calls.Load(), err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	if _, err := l.Unique(ctx, 4, byLetter); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func many(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("user%04d", i)
	}
	return list
}

func TestEarlier(t *testing.T) {
	t.Parallel()
	const sub = "8bbf6b51-9c12-4eba-b04e-42c304653cde"
	list := "username\nAna\nana@example.com\n" + strings.ToUpper(sub) + "\nBO\nbo\nana@example.com\ncy\n"
	for name, tt := range map[string]struct {
		fold  bool
		names [][]job.Username
		want  []bool
	}{
		"nothing known": {false, [][]job.Username{nil, nil, nil, nil, nil, nil}, []bool{false, false, false, false, false, false}},
		"the first of them does not count": {
			false, [][]job.Username{{"Ana", "ana@example.com"}, {"Ana", "ana@example.com"}, {"Ana", sub}, {"BO"}, {"bo"}, {"cy", sub}},
			[]bool{false, true, true, false, false, true},
		},
		"case counts":              {false, [][]job.Username{nil, {"ana"}, nil, nil, {"BO"}, nil}, []bool{false, false, false, false, false, false}},
		"case does not count":      {true, [][]job.Username{nil, {"ana"}, nil, nil, nil, {"Bo"}}, []bool{false, true, false, false, false, true}},
		"the name itself, by case": {true, [][]job.Username{nil, nil, nil, nil, {"bO", "bo"}, nil}, []bool{false, false, false, false, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := scan(t, Config{Paths: []string{file(t, "users.csv", list)}, Sample: 10})
			got, err := l.Earlier(t.Context(), l.Sample, tt.names, tt.fold)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
