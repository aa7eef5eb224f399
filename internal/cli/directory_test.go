package cli

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestNotes: somebody who waits hears how far it is, and not too often.
func TestNotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		n := newNotes(&out, "looking up: %d of 1000")
		for range 1000 {
			time.Sleep(11 * time.Millisecond)
			n.add(1)
		}
		if want := "looking up: 455 of 1000\nlooking up: 910 of 1000\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
}
