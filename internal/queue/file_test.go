package queue_test

import (
	"context"
	"path/filepath"
	"testing"

	"relock/internal/queue"
	"relock/internal/queue/queuetest"
)

// openFile opens the queue in a folder, until the test ends.
func openFile(t testing.TB, dir string, o queue.FileOptions) *queue.File {
	t.Helper()
	q, err := queue.CreateFile(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func TestFile(t *testing.T) {
	queuetest.Suite{
		Bubble: true,
		New: func(t testing.TB, maxReceives int) queuetest.Queue {
			q := openFile(t, t.TempDir(), queue.FileOptions{MaxReceives: maxReceives})
			return queuetest.Queue{
				T:     q,
				Other: openFile(t, filepath.Dir(q.Path()), queue.FileOptions{MaxReceives: maxReceives}),
				Dead: func(ctx context.Context) (bodies []string, err error) {
					ds, err := q.PeekDead(ctx, 100)
					for _, d := range ds {
						bodies = append(bodies, string(d.Body))
					}
					return bodies, err
				},
			}
		},
	}.Run(t)
}
