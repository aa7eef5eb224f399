package intake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/guard"
	"relock/internal/job"
)

func TestAGuardedListGivesTheNamesAsTheyWere(t *testing.T) {
	t.Parallel()
	names := []string{"+15551234567", "=cmd|'/Ccalc'!A0", "'quoted", "''twice", `x;=HYPERLINK("http://x")`, "-2", "@a", "ana"}
	var list strings.Builder
	list.WriteString(guard.Column + ",line,metadata:case,metadata:=key\n")
	want := make([]job.Target, 0, len(names))
	for i, n := range names {
		list.WriteString(`"` + strings.ReplaceAll(guard.Cell(n), `"`, `""`) + `",1,` + guard.Cell("=INC-1") + ",\n")
		want = append(want, job.Target{Username: job.Username(n), Line: int64(i + 2), Metadata: map[string]string{"case": "=INC-1"}})
	}
	got := targets(t, scan(t, Config{Paths: []string{file(t, "failed.csv", list.String())}}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAPlainListKeepsItsApostrophes(t *testing.T) {
	t.Parallel()
	got := targets(t, scan(t, Config{Paths: []string{file(t, "list.csv", "username,metadata:case\n'ana,x\n")}}))
	if diff := cmp.Diff([]job.Target{{Username: "'ana", Line: 2}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMetadataOfItsOwnComesWithTheFirstList(t *testing.T) {
	t.Parallel()
	plain := file(t, "plain.csv", "username\nana\n")
	own := file(t, "own.csv", guard.Column+",metadata:case\nbea,x\n")
	_, err := Scan(t.Context(), Config{Paths: []string{plain, own}})
	want := own + ":1: the list has columns of metadata, and the list before it has none; name it before the others"
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	if got := targets(t, scan(t, Config{Paths: []string{own, plain}})); len(got) != 2 {
		t.Errorf("the other way round: %v", got)
	}
}
