package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestHolder lets another process write and stops it there: who waits for the
// file hears which one it is.
func TestHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := create(t, path, Options{BusyTimeout: 20 * time.Millisecond})
	other := startHolder(t, path)
	held := func() string {
		t.Helper()
		e, ok := errors.AsType[*Error](insert(t, db, 1))
		if !ok || !errors.Is(e, ErrLocked) {
			t.Fatalf("writing: %v, want ErrLocked", e)
		}
		return e.Held
	}
	pid := other.Process.Pid
	name := filepath.Base(os.Args[0])
	if got, want := held(), fmt.Sprintf("process %d, %s: wait for it, or end it", pid, name); got != want {
		t.Errorf("held by %q, want %q", got, want)
	}
	if err := other.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("waiting for it to stop: %v, %v", status, err)
	}
	if got, want := held(), fmt.Sprintf("process %d, %s, which is stopped: continue it with `kill -CONT %[1]d`, or end it", pid, name); got != want {
		t.Errorf("held by %q, want %q", got, want)
	}
	if e := error(&Error{Path: "x", Op: "writing", Kind: ErrLocked, Held: "process 7, x"}); !strings.HasSuffix(e.Error(), ": it is held by process 7, x") {
		t.Error(e)
	}
}

// startHolder starts a process that writes to the database at path until the test
// ends or it is killed.
func startHolder(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	other := exec.Command(os.Args[0], "-test.run=^TestHoldHelper$")
	other.Env = append(os.Environ(), "HOLD="+path)
	said, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	if _, err := said.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return other
}

// TestLockedByAnother has another process keep the file locked. A write waits for it,
// reports that once, heeds its context and then names the process; others may open
// and read; and it is made when the process has ended.
func TestLockedByAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	reports := make(chan error, 2)
	db := create(t, path, Options{Locked: func(err error) { reports <- err }})
	other := startHolder(t, path)
	holder := fmt.Sprintf("process %d, %s", other.Process.Pid, filepath.Base(os.Args[0]))

	brief, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var writes sync.WaitGroup
	for range 20 { // all give up at once
		writes.Go(func() {
			err := db.Write(brief, func(*Tx) error { return nil })
			if e, ok := errors.AsType[*Error](err); !ok || !errors.Is(e, ErrLocked) || !strings.Contains(e.Held, holder) {
				t.Errorf("with a deadline: %v, want that %s holds it", err, holder)
			}
		})
	}
	writes.Wait()
	stopped, stop := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, stop)
	if err := db.Write(stopped, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) || errors.Is(err, ErrLocked) {
		t.Errorf("with a context that ends: %v", err)
	}
	if n := keys(t, create(t, path, Options{})); n != 0 {
		t.Errorf("%d rows are read, want none", n)
	}

	written := make(chan error, 1)
	go func() { written <- insert(t, db, 1) }()
	if err := <-reports; !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), holder) {
		t.Errorf("reported: %v", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Errorf("after the lock: %v", err)
	}
	if len(reports) != 0 {
		t.Errorf("reported once more: %v", <-reports)
	}
}

// TestHoldHelper is the other process.
func TestHoldHelper(t *testing.T) {
	path := os.Getenv("HOLD")
	if path == "" {
		return
	}
	db, err := Open(path, testSchema, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Write(t.Context(), func(*Tx) error {
		fmt.Print("!")
		select {} // until it is killed
	})
}

func TestLockedBy(t *testing.T) {
	const locks = `1: POSIX  ADVISORY  READ  900 08:01:77 124 124
2: POSIX  ADVISORY  WRITE 901 08:01:78 120 120
3: OFDLCK ADVISORY  WRITE -1 08:01:77 120 120
4: -> POSIX ADVISORY WRITE 902 08:01:77 120 120
5: POSIX  ADVISORY  WRITE 903 08:01:77 128 128
6: POSIX  ADVISORY  WRITE 904 08:01:77 120 120
7: POSIX  ADVISORY  READ  905 08:01:79 1073741826 1073742335
8: FLOCK  ADVISORY  WRITE 906 08:01:79 0 EOF
9: POSIX  ADVISORY  WRITE 907 08:01:79 1073741826 1073742335
`
	for inodes, want := range map[[2]uint64]int{{77, 0}: 904, {78, 0}: 901, {7, 0}: 0, {1, 0}: 0, {0, 79}: 907, {79, 0}: 0, {7, 79}: 907} {
		if got := lockedBy(strings.NewReader(locks), inodes[0], inodes[1]); got != want {
			t.Errorf("the inodes %d are locked by %d, want %d", inodes, got, want)
		}
	}
}

func TestNameAndState(t *testing.T) {
	for stat, want := range map[string][2]string{
		"12 (worker) T 1 2": {"worker", "T"},
		"12 (a) b) (c) S 1": {"a) b) (c", "S"},
		"12 worker T":       {"?", "?"},
		")(":                {"?", "?"},
		"12 (worker)":       {"worker", ""},
	} {
		if name, state := nameAndState(stat); name != want[0] || state != want[1] {
			t.Errorf("%q: %q, %q; want %q", stat, name, state, want)
		}
	}
}
