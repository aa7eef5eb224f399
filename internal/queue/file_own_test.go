package queue_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/queue"
	"relock/internal/sqlite"
)

// sendFile sends bodies and fails the test where one is refused.
func sendFile(t *testing.T, q queue.Transport, bodies ...string) {
	t.Helper()
	var batch [][]byte
	for _, b := range bodies {
		batch = append(batch, []byte(b))
	}
	errs, err := q.Send(t.Context(), batch)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
}

// receiveFile receives what is visible now, up to ten messages.
func receiveFile(t *testing.T, q queue.Transport, visibility time.Duration) (ds []queue.Delivery, bodies string) {
	t.Helper()
	ds, err := q.Receive(t.Context(), queue.MaxBatch, 0, visibility)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range ds {
		all = append(all, string(d.Body))
	}
	return ds, strings.Join(all, " ")
}

func TestFileMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "relock")
	_, err := queue.OpenFile(dir, queue.FileOptions{})
	if !errors.Is(err, queue.ErrNoQueue) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want ErrNoQueue with the folder's name", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening made the folder: %v", err)
	}
}

// TestFileStaging publishes a job as a whole, after an interruption.
func TestFileStaging(t *testing.T) {
	dir := t.TempDir()
	q := openFile(t, dir, queue.FileOptions{})
	worker := openFile(t, dir, queue.FileOptions{})
	sendFile(t, q.Stage("a"), "a1", "a2")
	sendFile(t, q.Stage("b"), "b1")
	sendFile(t, q, "direct")
	if _, got := receiveFile(t, worker, time.Hour); got != "direct" {
		t.Errorf("received %q, want what was sent directly", got)
	}
	// The enqueue of job a is killed; the next goes on.
	again := openFile(t, dir, queue.FileOptions{}).Stage("a")
	sendFile(t, again, "a3")
	if n, err := again.Staged(t.Context()); err != nil || n != 3 {
		t.Errorf("%d staged, error %v, want 3", n, err)
	}
	if d, err := worker.Depth(t.Context()); err != nil || d != (queue.Depth{InFlight: 1}) {
		t.Errorf("depth %+v, error %v, want one message in flight", d, err)
	}
	for range 2 {
		if err := again.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := worker.Depth(t.Context()); err != nil || d != (queue.Depth{Visible: 3, InFlight: 1}) {
		t.Errorf("depth %+v, error %v, want three visible", d, err)
	}
	ds, got := receiveFile(t, worker, time.Hour)
	if got != "a1 a2 a3" {
		t.Errorf("received %q", got)
	}
	sendFile(t, again, "a4") // late: it is visible at once
	if _, got := receiveFile(t, worker, time.Hour); got != "a4" {
		t.Errorf("received %q", got)
	}
	if n, err := again.Staged(t.Context()); err != nil || n != 0 {
		t.Errorf("%d staged, error %v, want none", n, err)
	}
	for _, d := range ds {
		if errs, err := worker.Delete(t.Context(), []string{d.Handle}); err != nil || errs[0] != nil {
			t.Errorf("deleting: %v, %v", errs, err)
		}
	}
}

// TestFileDiscard throws away what was staged, and only that.
func TestFileDiscard(t *testing.T) {
	q := openFile(t, t.TempDir(), queue.FileOptions{})
	a, b := q.Stage("a"), q.Stage("b")
	for range 3 {
		sendFile(t, a, "a")
	}
	sendFile(t, b, "b")
	if n, err := a.Discard(t.Context()); err != nil || n != 3 {
		t.Errorf("%d discarded, error %v, want 3", n, err)
	}
	sendFile(t, a, "again")
	for _, s := range []*queue.Staging{a, b} {
		if err := s.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Discard(t.Context()); err != nil || n != 0 {
			t.Errorf("%d discarded after publishing, error %v", n, err)
		}
	}
	if n, err := q.Stage("unknown").Discard(t.Context()); err != nil || n != 0 {
		t.Errorf("%d discarded of an unknown job, error %v", n, err)
	}
	if _, got := receiveFile(t, q, time.Hour); got != "again b" {
		t.Errorf("received %q", got)
	}
}

// TestFilePublishEmpty publishes a job of which everything was sent before.
func TestFilePublishEmpty(t *testing.T) {
	q := openFile(t, t.TempDir(), queue.FileOptions{})
	if err := q.Stage("a").Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, got := receiveFile(t, q, time.Hour); got != "" {
		t.Errorf("received %q", got)
	}
}

func TestFileReopen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		q, err := queue.CreateFile(dir, queue.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sendFile(t, q, "a", "b", "c")
		ds, _ := receiveFile(t, q, time.Minute)
		if errs, err := q.Delete(t.Context(), []string{ds[0].Handle}); err != nil || errs[0] != nil {
			t.Fatal(errs, err)
		}
		sendFile(t, q, "d")
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		q, err = queue.OpenFile(dir, queue.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		if _, got := receiveFile(t, q, time.Hour); got != "d" {
			t.Errorf("received %q, want what was never received", got)
		}
		time.Sleep(time.Minute)
		if _, got := receiveFile(t, q, time.Hour); got != "b c" {
			t.Errorf("received %q, want what came back", got)
		}
	})
}

// TestFileLongest keeps a message invisible for as long as SQS would: twelve
// hours from the receive, whatever was asked for in between.
func TestFileLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := openFile(t, t.TempDir(), queue.FileOptions{})
		sendFile(t, q, "m")
		ds, _ := receiveFile(t, q, time.Hour)
		change := func(d time.Duration) error {
			errs, err := q.ChangeVisibility(t.Context(), []queue.Visibility{{Handle: ds[0].Handle, Timeout: d}})
			return errors.Join(append(errs, err)...)
		}
		if err := change(queue.MaxVisibility); err != nil {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(time.Hour)
		if err := change(queue.MaxVisibility - time.Hour); err != nil {
			t.Errorf("up to the limit: %v", err)
		}
		if err := change(queue.MaxVisibility - time.Hour + time.Second); !errors.Is(err, queue.ErrStale) {
			t.Errorf("beyond the limit: %v, want ErrStale", err)
		}
		if err := change(-time.Second); !errors.Is(err, queue.ErrStale) {
			t.Errorf("back in time: %v, want ErrStale", err)
		}
	})
}

// TestFileWakes looks at how soon a receive that waits sees what this and
// another process do.
func TestFileWakes(t *testing.T) {
	for name, c := range map[string]struct {
		before, act func(t *testing.T, q, other *queue.File)
		most        time.Duration
	}{
		"a send here": {
			act: func(t *testing.T, q, _ *queue.File) { sendFile(t, q, "m") },
		},
		"a publish here": {
			before: func(t *testing.T, q, _ *queue.File) { sendFile(t, q.Stage("j"), "m") },
			act: func(t *testing.T, q, _ *queue.File) {
				if err := q.Stage("j").Publish(t.Context()); err != nil {
					t.Error(err)
				}
			},
		},
		"a send elsewhere": {
			act:  func(t *testing.T, _, other *queue.File) { sendFile(t, other, "m") },
			most: 200 * time.Millisecond,
		},
		"a message handed back elsewhere": {
			before: func(t *testing.T, q, other *queue.File) { sendFile(t, q, "m"); receiveFile(t, other, time.Hour) },
			act: func(t *testing.T, _, other *queue.File) {
				d := queue.Visibility{Handle: firstHandle}
				if errs, err := other.ChangeVisibility(t.Context(), []queue.Visibility{d}); err != nil || errs[0] != nil {
					t.Error(errs, err)
				}
			},
			most: 200 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				q, other := openFile(t, dir, queue.FileOptions{}), openFile(t, dir, queue.FileOptions{})
				if c.before != nil {
					c.before(t, q, other)
				}
				seen := make(chan time.Time, 1)
				go func() {
					ds, err := q.Receive(t.Context(), 1, queue.MaxWait, time.Hour)
					if err != nil || len(ds) != 1 {
						t.Errorf("%d messages, error %v", len(ds), err)
					}
					seen <- time.Now()
				}()
				time.Sleep(3050 * time.Millisecond)
				acted := time.Now()
				c.act(t, q, other)
				if took := (<-seen).Sub(acted); took > c.most {
					t.Errorf("seen after %v, want %v", took, c.most)
				}
			})
		})
	}
}

// firstHandle is the handle of the first receive of the first message sent
// directly: lane 1, message 1, receive 1, in base 36.
var firstHandle = strconv.FormatInt(1<<40+1, 36) + ".1"

func TestFileCloseEndsReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := openFile(t, t.TempDir(), queue.FileOptions{})
		done := make(chan error)
		go func() {
			_, err := q.Receive(t.Context(), 1, queue.MaxWait, time.Minute)
			done <- err
		}()
		time.Sleep(time.Second)
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, sqlite.ErrClosed) {
			t.Errorf("the receive: %v", err)
		}
	})
}

func TestFileRedrive(t *testing.T) {
	q := openFile(t, t.TempDir(), queue.FileOptions{})
	var want []string
	for i := range 25 {
		body := fmt.Sprint("m", i)
		want = append(want, body)
		sendFile(t, q, body)
	}
	for {
		ds, _ := receiveFile(t, q, time.Hour)
		if len(ds) == 0 {
			break
		}
		for _, d := range ds {
			if err := q.DeadLetter(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if err := q.DeadLetter(t.Context(), d); !errors.Is(err, queue.ErrStale) {
				t.Errorf("twice: %v, want ErrStale", err)
			}
		}
	}
	if n, err := q.DeadLetterCount(t.Context()); err != nil || n != 25 {
		t.Errorf("%d dead letters, error %v", n, err)
	}
	if n, err := q.RedriveDead(t.Context(), func(d queue.Delivery) bool { return d.Handle == "" && string(d.Body) != "m3" }); err != nil || n != 24 {
		t.Errorf("%d sent again, error %v", n, err)
	}
	sendFile(t, q, "new")
	var got []string
	for {
		ds, bodies := receiveFile(t, q, time.Hour)
		if len(ds) == 0 {
			break
		}
		got = append(got, bodies)
	}
	want = append(slices.Delete(want, 3, 4), "new")
	if got, want := strings.Join(got, " "), strings.Join(want, " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if n, err := q.DeadLetterCount(t.Context()); err != nil || n != 1 {
		t.Errorf("%d dead letters, error %v", n, err)
	}
}

func TestFileBatchLimits(t *testing.T) {
	q := openFile(t, t.TempDir(), queue.FileOptions{})
	for _, n := range []int{0, queue.MaxBatch + 1} {
		if _, err := q.Send(t.Context(), make([][]byte, n)); err == nil {
			t.Errorf("sending %d: no error", n)
		}
		if _, err := q.Delete(t.Context(), make([]string, n)); err == nil {
			t.Errorf("deleting %d: no error", n)
		}
		if _, err := q.ChangeVisibility(t.Context(), make([]queue.Visibility, n)); err == nil {
			t.Errorf("changing %d: no error", n)
		}
		if _, err := q.Receive(t.Context(), n, 0, time.Minute); err == nil {
			t.Errorf("receiving %d: no error", n)
		}
	}
}

// TestFileFullDisk fills the disk while messages are sent: what was accepted is
// there, what was not is not, and it goes on when there is room.
func TestFileFullDisk(t *testing.T) {
	q := openFile(t, t.TempDir(), queue.FileOptions{})
	if err := q.LimitPages(t.Context(), 40); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	var full error
	for full == nil && accepted < 1000 {
		if _, full = q.Send(t.Context(), [][]byte{[]byte(strings.Repeat("x", 1000))}); full == nil {
			accepted++
		}
	}
	if !errors.Is(full, sqlite.ErrFull) || !strings.Contains(full.Error(), queue.FileName) {
		t.Fatalf("error %v, want ErrFull with the file's name", full)
	}
	if err := q.LimitPages(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	sendFile(t, q, "last")
	n := 0
	for {
		ds, _ := receiveFile(t, q, time.Hour)
		if len(ds) == 0 {
			break
		}
		n += len(ds)
	}
	if n != accepted+1 {
		t.Errorf("%d messages came, %d were accepted", n, accepted+1)
	}
}
