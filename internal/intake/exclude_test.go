package intake

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
)

func TestExclude(t *testing.T) {
	t.Parallel()
	list := file(t, "list.csv", "username\nana\nBoss\nboss@example.com\nana\nbob\nboss@example.com\nbad name\n")
	boss := []job.Exclusion{{Given: "6b1e6d2c-0000-4000-8000-000000000001", Username: "boss", Email: "boss@example.com"}}
	for name, c := range map[string]struct {
		fold     bool
		counts   job.Counts
		targets  []string
		excluded []Row
	}{
		"case counts":     {false, job.Counts{Rows: 7, Duplicates: 1, Excluded: 2, Invalid: 1, Targets: 3}, []string{"ana", "Boss", "bob"}, []Row{{list, 4}, {list, 7}}},
		"case is ignored": {true, job.Counts{Rows: 7, Duplicates: 1, Excluded: 3, Invalid: 1, Targets: 2}, []string{"ana", "bob"}, []Row{{list, 3}, {list, 4}, {list, 7}}},
	} {
		l := scan(t, Config{Paths: []string{list}, SkipInvalid: true, Exclude: job.NewExclusions(boss, c.fold)})
		if diff := cmp.Diff(c.counts, l.Counts); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(c.targets, names(targets(t, l))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(c.excluded, l.Excluded); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestExcludedHaveNoPartInTheID: the list without the excluded is the same job.
func TestExcludedHaveNoPartInTheID(t *testing.T) {
	t.Parallel()
	x := job.NewExclusions([]job.Exclusion{{Given: "boss"}}, false)
	with := scan(t, Config{Paths: []string{file(t, "a.csv", "username\nana\nboss\nbob\n")}, Exclude: x})
	without := scan(t, Config{Paths: []string{file(t, "b.csv", "username\nana\nbob\n")}})
	if with.ContentID != without.ContentID {
		t.Error("the ID differs")
	}
}

func TestEverybodyExcluded(t *testing.T) {
	t.Parallel()
	x := job.NewExclusions([]job.Exclusion{{Given: "boss"}}, false)
	_, err := Scan(t.Context(), Config{Paths: []string{file(t, "a.csv", "username\nboss\n")}, Exclude: x})
	if !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v", err)
	}
}
