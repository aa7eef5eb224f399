package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"relock/internal/job"
)

func TestTwins(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		list string
		want []string // line of the twin, line of the first
	}{
		"lower case":            {"ana\nbo\n", nil},
		"one is in lower case":  {"Ana\nbo\nana\n", []string{"4 2"}},
		"both have capitals":    {"ANA\nbo\nAna\n", []string{"4 2"}},
		"three":                 {"ana\nANA\nAna\n", []string{"3 2", "4 2"}},
		"beyond ASCII":          {"Élodie\nélodie\n", []string{"3 2"}},
		"exact duplicates only": {"Ana\nAna\nbo\nbo\n", nil},
		"duplicates and twins":  {"Ana\nAna\nana\nana\n", []string{"4 2"}},
		"capitals, no twin":     {"Ana\nBo\nana2\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := scan(t, Config{Paths: []string{file(t, "users.csv", "username\n"+tt.list)}})
			var got []string
			for _, x := range l.Twins {
				got = append(got, fmt.Sprintf("%d %d", x.Line, x.FirstLine))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || int(l.CaseTwins) != len(tt.want) {
				t.Errorf("%d twins (-want +got):\n%s", l.CaseTwins, diff)
			}
		})
	}
}

// All twins are counted, whatever their number, and the first of the list are kept.
func TestTwinsAreTheFirst(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	list.WriteString("username\n")
	const n = 5000
	for i := range n {
		fmt.Fprintf(&list, "user%d\n", i)
	}
	for i := range n {
		fmt.Fprintf(&list, "User%d\n", i)
	}
	path := file(t, "users.csv", list.String())
	l := scan(t, Config{Paths: []string{path}, MaxProblems: 3})
	want := []Twin{{path, n + 2, path, 2}, {path, n + 3, path, 3}, {path, n + 4, path, 4}}
	if diff := cmp.Diff(want, l.Twins); diff != "" || l.CaseTwins != n {
		t.Errorf("%d twins, want %d (-want +got):\n%s", l.CaseTwins, n, diff)
	}
}

// The number of twins is that of a plain map.
func TestTwinsAgainstAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		list := rapid.SliceOfN(rapid.StringMatching(`[aAbBéÉ]{1,2}`), 1, 40).Draw(r, "names")
		exact, folded := map[string]bool{}, map[string]bool{}
		for _, name := range list {
			exact[name], folded[strings.ToLower(name)] = true, true
		}
		l, err := Scan(t.Context(), Config{Paths: []string{Stdin}, Stdin: strings.NewReader("username\n" + strings.Join(list, "\n") + "\n")})
		if err != nil {
			r.Fatal(err)
		}
		defer l.Close()
		if want := int64(len(exact) - len(folded)); l.CaseTwins != want {
			r.Errorf("%d twins, want %d", l.CaseTwins, want)
		}
	})
}

// Subs are the same in any case, wherever they stand among other names.
func TestSubTwins(t *testing.T) {
	t.Parallel()
	const sub = "8bbf6b51-9c12-4eba-b04e-42c304653cde"
	l := scan(t, Config{Paths: []string{file(t, "users.csv", "username\n"+sub+"\nAna\n"+strings.ToUpper(sub)+"\nana\n8BBF6b51-9c12-4eba-b04e-42c304653cde\n"+sub+"\n")}})
	var got []string
	for _, x := range l.SubTwinsAt {
		got = append(got, fmt.Sprintf("%d %d", x.Line, x.FirstLine))
	}
	if diff := cmp.Diff([]string{"4 2", "6 2"}, got); diff != "" || l.SubTwins != 2 || l.CaseTwins != 3 {
		t.Errorf("%d of %d twins are subs (-want +got):\n%s", l.SubTwins, l.CaseTwins, diff)
	}
}

// A list that is nothing but duplicates is sampled as a whole.
func TestSampleOfDuplicates(t *testing.T) {
	t.Parallel()
	for range 50 {
		l := scan(t, Config{Paths: []string{Stdin}, Stdin: strings.NewReader("username\n" + strings.Repeat("ana\nbo\n", 5000) + "cy\n"), Sample: 10})
		if diff := cmp.Diff(targets(t, l), l.Sample); diff != "" || len(l.Sample) != 3 {
			t.Fatalf("(-targets +sample):\n%s", diff)
		}
	}
}

func TestSampleOfAll(t *testing.T) {
	t.Parallel()
	path := file(t, "users.csv", "username,case\nana,1\nbo,2\nana,3\ncy,4\nbad name,5\n")
	cfg := Config{Paths: []string{path}, MetadataColumns: []string{"case"}, SkipInvalid: true, Sample: 10}
	l := scan(t, cfg)
	if diff := cmp.Diff(targets(t, l), l.Sample); diff != "" {
		t.Errorf("the sample of a short list is not the list (-targets +sample):\n%s", diff)
	}
	cfg.Sample = 0
	if l := scan(t, cfg); len(l.Sample) != 0 {
		t.Errorf("%d rows are sampled without being asked for", len(l.Sample))
	}
}

// Every target has the same chance, also one that has duplicates: over many draws
// the count of each lies within five standard deviations of the mean.
func TestSampleIsFair(t *testing.T) {
	t.Parallel()
	const users, size, draws = 400, 10, 3000
	var list strings.Builder
	list.WriteString("username\n")
	for i := range users {
		fmt.Fprintf(&list, "user%03d\n", i)
		if i%4 == 0 {
			fmt.Fprintf(&list, "user%03d\n", i)
		}
	}
	path := file(t, "users.csv", list.String())
	count := map[string]float64{}
	var all float64
	for range draws {
		l, err := Scan(t.Context(), Config{Paths: []string{path}, Sample: size})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, x := range l.Sample {
			seen[string(x.Username)] = true
			count[string(x.Username)]++
			all++
		}
		if len(seen) != len(l.Sample) || len(seen) > size {
			t.Fatalf("the sample has %d targets, %d of them distinct", len(l.Sample), len(seen))
		}
	}
	if all < 0.99*size*draws {
		t.Errorf("samples have %.1f targets on average, want %d", all/draws, size)
	}
	mean := all / users // 75; the standard deviation is below its root
	for i := range users {
		name := fmt.Sprintf("user%03d", i)
		if got := count[name]; !cmp.Equal(got, mean, cmpopts.EquateApprox(0, 5*8.7)) {
			t.Errorf("%s was drawn %v times, the mean is %v", name, got, mean)
		}
	}
}

// The quick way for ASCII folds as job.Username.Fold does.
func TestFoldIsTheVocabularys(t *testing.T) {
	t.Parallel()
	f := newFolds("")
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.OneOf(rapid.StringMatching(`[ -~]{1,8}`), rapid.StringOfN(rapid.Rune(), 1, 8, -1)).Draw(r, "name")
		if f.fold(name); string(f.name) != string(job.Username(name).Fold()) {
			r.Errorf("%q is folded to %q", name, f.name)
		}
	})
}
