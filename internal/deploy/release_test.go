package deploy

import (
	"os"
	"strings"
	"testing"
)

// TestTheReleaseTakesWholeFolders: in goreleaser's patterns, docs/**/* leaves out
// the files of docs itself. test/deploy/release full looks into an archive.
func TestTheReleaseTakesWholeFolders(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"docs", "dashboards", "deploy", "examples"} {
		if !strings.Contains(string(text), "      - "+folder+"/**\n") {
			t.Errorf(".goreleaser.yaml does not take %s as a whole", folder)
		}
	}
}
