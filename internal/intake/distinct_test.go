package intake

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestContentID(t *testing.T) {
	t.Parallel()
	meta := []string{"case"}
	id := func(content string, columns []string) string {
		l := scan(t, Config{Paths: []string{file(t, "l.csv", content)}, MetadataColumns: columns, SkipInvalid: true})
		return hex.EncodeToString(l.ContentID[:])
	}
	base := id("username,case\nana,1\nbob,2\n", meta)
	// Jobs are named by it: were it another one, the same list would be a new
	// job after an update of Relock.
	if want := "d68cb083c8b184c7486c15ba"; !strings.HasPrefix(base, want) {
		t.Errorf("ContentID = %s, want %s…", base, want)
	}
	tests := []struct {
		name, content string
		columns       []string
		same          bool
	}{
		{name: "another order, format and column", content: "note;case;login\r\nx;2;bob\r\n;1;ana\r\n", columns: meta, same: true},
		{name: "duplicates and rows that are not valid", content: "username,case\nana,1\na b,1\nbob,2\nana,1\nana,3\n", columns: meta, same: true},
		{name: "another user", content: "username,case\nana,1\nbob,2\ncarl,\n", columns: meta},
		{name: "a user less", content: "username,case\nana,1\n", columns: meta},
		{name: "metadata swapped", content: "username,case\nana,2\nbob,1\n", columns: meta},
		{name: "another key", content: "username,case\nana,1\nbob,2\n", columns: []string{"case=k"}},
		{name: "no metadata", content: "username,case\nana,1\nbob,2\n"},
	}
	for _, tt := range tests {
		if got := id(tt.content, tt.columns); (got == base) != tt.same {
			t.Errorf("%s: ContentID = %s, base %s; want the same: %v", tt.name, got, base, tt.same)
		}
	}
	if empty, none := id("username,case\nana,\n", meta), id("username\nana\n", nil); empty != none {
		t.Errorf("ContentID = %s with an empty metadata column, %s without; want the same", empty, none)
	}
}

// TestMetadataDigest says that keys and values cannot run into each other.
func TestMetadataDigest(t *testing.T) {
	t.Parallel()
	one := metadataRule{fields: []metadataField{{index: 0, key: "a"}, {index: 1, key: "b"}}}
	seen := map[digest]string{}
	for _, record := range [][]string{{"", ""}, {"1", ""}, {"", "1"}, {"1", "1"}, {"1b1", ""}, {"1\x01b\x011", ""}, {"b", "1"}} {
		d, _ := one.digest(record, nil)
		if before, ok := seen[d]; ok {
			t.Errorf("%q and %q have the same digest", record, before)
		}
		seen[d] = fmt.Sprint(record)
	}
}

// TestDistinct goes over what is kept in memory, so that the temporary file has
// its part, and compares with a map.
func TestDistinct(t *testing.T) {
	t.Parallel()
	for _, meta := range []bool{false, true} {
		t.Run(fmt.Sprintf("metadata %v", meta), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := newDistinct(dir, meta)
			rng := rand.New(rand.NewPCG(3, 4))
			const lines = 300_000
			first := map[digest]int64{}
			metas := map[digest]digest{}
			var want []pair
			var kinds NameKinds
			for line := int64(1); line <= lines; line++ {
				var name, own digest
				n := rng.Uint64N(lines / 2)
				src := rand.New(rand.NewPCG(n, 0))
				for i := range name {
					name[i] = byte(src.Uint32())
				}
				if meta {
					own[3] = byte(rng.UintN(2))
				}
				kind := nameKind(n % 5)
				if err := d.add(name, own, line, kind); err != nil {
					t.Fatal(err)
				}
				if f, ok := first[name]; ok {
					want = append(want, pair{line: line, first: f, differs: own != metas[name]})
					continue
				}
				first[name], metas[name] = line, own
				kinds.add(kind)
			}
			if d.rows.file == nil {
				t.Fatal("no temporary file was used: the list is too short for this test")
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
				t.Errorf("the temporary file has a name: %v, %v", names, err)
			}
			var skip lineSet
			if err := d.resolve(t.Context(), lines, skip.add); err != nil {
				t.Fatal(err)
			}
			var got []pair
			if err := d.eachPair(func(p pair) (bool, error) {
				got = append(got, p)
				return true, nil
			}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(pair{})); diff != "" {
				t.Errorf("pairs (-want +got):\n%.1000s", diff)
			}
			if d.targets != int64(len(first)) || d.dups != int64(len(want)) || d.kinds != kinds {
				t.Errorf("%d targets, %d duplicates, %+v; want %d, %d, %+v", d.targets, d.dups, d.kinds, len(first), len(want), kinds)
			}
			marked := 0
			for line := range int64(lines + 1) {
				if skip.has(line) {
					marked++
				}
			}
			for _, p := range want {
				if !skip.has(p.line) {
					t.Fatalf("line %d is not marked", p.line)
				}
			}
			if marked != len(want) {
				t.Errorf("%d lines are marked, want %d", marked, len(want))
			}
			if err := d.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	tests := map[string]nameKind{
		"ana": kindOther, "@": kindOther, "a@": kindOther, "@a": kindOther, "ana@example.com": kindEmail, "john_smith@example.com": kindEmail,
		"+4912345678": kindPhone, "+49 123": kindOther, "+123": kindOther, "4912345678": kindOther, "+1234567890123456": kindOther,
		"d4f0a2b6-1c3e-4f5a-9b8c-7d6e5f4a3b2c": kindSub, "D4F0A2B6-1C3E-4F5A-9B8C-7D6E5F4A3B2C": kindSub,
		"d4f0a2b6-1c3e-4f5a-9b8c-7d6e5f4a3b2g": kindOther, "d4f0a2b6x1c3e-4f5a-9b8c-7d6e5f4a3b2c": kindOther,
		"Google_123": kindFederated, "facebook_1": kindFederated, "SignInWithApple_0.x": kindFederated, "Google_": kindOther, "john_smith": kindOther,
	}
	for name, want := range tests {
		if got := classify(name); got != want {
			t.Errorf("classify(%q) = %d, want %d", name, got, want)
		}
	}
}
