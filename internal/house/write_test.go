package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// writes are os's ways to make a file, which follow symbolic links or truncate.
var writes = regexp.MustCompile(`\bos\.(Create|OpenFile|WriteFile)\(`)

// Every file is written by internal/file, which follows no symbolic link.
func TestFilesAreWrittenInOnePlace(t *testing.T) {
	t.Parallel()
	for _, f := range files(t) {
		if f.test || f.dir == "internal/file" || strings.HasSuffix(f.dir, "test") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, f.dir, f.name))
		if err != nil {
			t.Fatal(err)
		}
		if m := writes.Find(text); m != nil {
			t.Errorf("%s/%s calls %s…): use internal/file", f.dir, f.name, m)
		}
	}
}
