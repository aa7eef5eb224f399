package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/peers/servers"
)

// The section of the manual that is made from the tables.
const (
	sectionFile  = "docs/sandbox.md"
	sectionBegin = "<!-- differences: go test ./internal/peers -run TestDocs -update -->\n"
	sectionEnd   = "<!-- end of differences -->\n"
)

// TestDocs compares the section "Where servers differ" with the tables.
func TestDocs(t *testing.T) {
	path := filepath.Join(servers.Root(t), filepath.FromSlash(sectionFile))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(text), sectionBegin)
	got, tail, ok2 := strings.Cut(rest, sectionEnd)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks the lines %q and %q", sectionFile, sectionBegin, sectionEnd)
	}
	want := section()
	if *update {
		if err := os.WriteFile(path, []byte(head+sectionBegin+want+sectionEnd+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is not what the tables say; go test ./internal/peers -run TestDocs -update writes it (-tables +file):\n%s", sectionFile, diff)
	}
}

func section() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The suite of SQS looks at %d behaviours, that of Cognito at %d. The sandbox has every one as AWS has it.\n", len(sqsBehaviours()), len(poolBehaviours()))
	table(&b, "SQS by fauxqs 2.4.1", sqsBehaviours(), sqsDifferences[fauxqs])
	table(&b, "SQS by moto 5.2.1", sqsBehaviours(), sqsDifferences[moto])
	table(&b, "Cognito by moto 5.2.1", poolBehaviours(), poolDifferences[moto])
	return b.String()
}

// table lists the behaviours in which a server differs.
func table[E any](b *strings.Builder, title string, all []behaviour[E], known []difference) {
	does := map[string]string{}
	for _, d := range known {
		does[d.behaviour] = d.does
	}
	var rows strings.Builder
	byDocument := 0
	for _, x := range all {
		other, differs := does[x.name]
		if !differs {
			continue
		}
		how := "seen"
		if x.source.byDocument {
			how = "documented"
			byDocument++
		}
		fmt.Fprintf(&rows, "| %s | %s | %s | %s: %s |\n", cell(x.name), cell(x.aws), cell(other), how, cell(x.source.text))
	}
	fmt.Fprintf(b, "\n### %s\n%d differences; in %d of them AWS's documents are against the server, in %d replies that were seen.\n\n", title, len(known), byDocument, len(known)-byDocument)
	b.WriteString("| what | AWS | this server | known from |\n|---|---|---|---|\n" + rows.String())
}

// cell is text that a table's cell can hold.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
