//go:build crash

package crash

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"relock/internal/ledger"
	"relock/internal/peers/servers"
)

// TestBroken breaks the ledger in the middle of a job: the worker halts, says why,
// calls nobody without a durable claim, and another goes on once the cause is
// mended.
func TestBroken(t *testing.T) {
	sqs := setups[1]
	for name, b := range map[string]struct {
		setup setup
		// break breaks the ledger and returns how to mend it.
		broken func(r *rig) (mend func())
		words  string
	}{
		"file removed": {setup: sqs, broken: moveAway, words: "removed or replaced"},
		"disk full":    {setup: onSmallDisk(sqs), broken: fillDisk, words: "full"},
		"killed dynalite": {
			setup: onDisk(setups[2]), words: "DynamoDB",
			broken: func(r *rig) func() { r.dynalite.Kill(); return r.dynalite.Start },
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, b.setup, *seedFlag)
			stop := r.people(t.Context())
			defer stop()
			r.enqueue("job-1", users(0, 3000))
			c := &crew{r: r}
			c.fill()
			p := c.procs[0]
			c.await(300)
			mend := b.broken(r)
			select {
			case <-p.done:
			case <-time.After(2 * time.Minute):
				t.Fatalf("the worker goes on without a ledger:\n%s", p.out.String())
			}
			if code := p.exit(); code != 4 {
				t.Errorf("the worker ended with %d, want 4 (halted)", code)
			}
			for _, want := range []string{"halted (ledger)", b.words} {
				if !strings.Contains(p.out.String(), want) {
					t.Errorf("the worker does not say %q:\n%s", want, p.out.String())
				}
			}
			mend()
			c.end(p, true)
			r.drain("job-1")
			stop()
			r.judge()
		})
	}
}

// moveAway takes the ledger's files away, and mends that by putting them back.
func moveAway(r *rig) func() {
	from, to := r.path("relock"), r.path("away")
	move := func(from, to string) {
		if err := os.MkdirAll(to, 0o700); err != nil {
			r.t.Fatal(err)
		}
		// The log before the file: there is never a file whose log is missing.
		for _, suffix := range []string{"-shm", "-wal", ""} {
			name := ledger.SQLiteFile + suffix
			if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil && !os.IsNotExist(err) {
				r.t.Fatal(err)
			}
		}
	}
	move(from, to)
	return func() { move(to, from) }
}

// onSmallDisk puts the ledger on a file system of its own, of 8 MiB.
func onSmallDisk(s setup) setup {
	s.prepare = func(r *rig) {
		dir := r.path("relock")
		if err := os.Mkdir(dir, 0o700); err != nil {
			r.t.Fatal(err)
		}
		if err := syscall.Mount("relock-test", dir, "tmpfs", 0, "size=8m,mode=700"); err != nil {
			r.t.Skipf("a full disk needs the right to mount a small one: %v", err)
		}
		r.t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	}
	return s
}

// fillDisk takes all the space that is left.
func fillDisk(r *rig) func() {
	ballast := r.path("relock/ballast")
	f, err := os.Create(ballast)
	if err != nil {
		r.t.Fatal(err)
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	_ = f.Close()
	return func() { _ = os.Remove(ballast) }
}

// onDisk lets dynalite keep its tables, and has no standby.
func onDisk(s setup) setup {
	s.prepare = func(r *rig) {
		r.dynalite = servers.StartDynaliteIn(r.t, r.path("dynalite"))
		r.dynamo = r.dynalite.URL()
		r.env = append(r.env, "AWS_ENDPOINT_URL_DYNAMODB="+r.dynamo)
	}
	s.standby = false
	return s
}
