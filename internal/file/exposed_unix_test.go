//go:build unix

package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relock/internal/file"
)

func TestExposed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		above, own os.FileMode
		owner      int // of the folder, if it can be changed
		want       string
	}{
		"private":                 {above: 0o755, own: 0o700},
		"readable":                {above: 0o755, own: 0o755},
		"for a group":             {above: 0o755, own: 0o770, want: "others can write in the folder DIR (mode 0770): chmod go-w DIR"},
		"for all":                 {above: 0o755, own: 0o777, want: "others can write in the folder DIR (mode 0777): chmod go-w DIR"},
		"for all to add":          {above: 0o755, own: 0o777 | os.ModeSticky, want: "others can write in the folder DIR (mode 0777): chmod go-w DIR"},
		"below one for all":       {above: 0o777, own: 0o700, want: "others can write in the folder ABOVE (mode 0777): chmod go-w ABOVE"},
		"below one to add in":     {above: 0o777 | os.ModeSticky, own: 0o700},
		"below one for a group":   {above: 0o775, own: 0o700},
		"belongs to another user": {above: 0o755, own: 0o700, owner: 12345, want: "the folder DIR belongs to another user (UID 12345): name a folder of your own, or run as that user"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			above, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(above, "relock")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for path, mode := range map[string]os.FileMode{above: c.above, dir: c.own} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			if c.owner != 0 {
				if os.Geteuid() != 0 {
					t.Skip("only root can give a folder away")
				}
				if err := os.Chown(dir, c.owner, -1); err != nil {
					t.Fatal(err)
				}
			}
			want := strings.NewReplacer("ABOVE", above, "DIR", dir).Replace(c.want)
			if got := file.Exposed(dir); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
	if got := file.Exposed(filepath.Join(t.TempDir(), "not", "there")); got != "" {
		t.Errorf("a folder that is not there: %q", got)
	}
}
