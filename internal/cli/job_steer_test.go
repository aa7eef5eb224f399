package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/queue"
)

// TestCancelDiscards: what an interrupted enqueue has left in a queue in a file is
// thrown away with the job, wherever queue and ledger are; and nothing of another.
func TestCancelDiscards(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]struct{ queue, ledger string }{
		"one folder":               {queue: "a"},
		"found by its ledger":      {ledger: "a"},
		"each in a folder":         {queue: "a", ledger: "b"},
		"no queue there":           {ledger: "b"},
		"an SQS queue has no part": {queue: "https://sqs.eu-west-1.amazonaws.com/123456789012/relock", ledger: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			args := []string{"job", "cancel", "--yes"}
			led := filepath.Join(dir, "a")
			if where.ledger == "b" {
				led = filepath.Join(dir, "b")
			}
			for flag, v := range map[string]string{flagQueue: where.queue, flagLedger: where.ledger} {
				if len(v) == 1 {
					v = "file:" + filepath.Join(dir, v)
				}
				if v != "" {
					args = append(args, "--"+flag, v)
				}
			}
			l, err := ledger.CreateSQLite(led, ledger.SQLiteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"night", "other"} {
				if err := l.CreateJob(t.Context(), job.Job{ID: id, Pool: "eu-west-1_AbCdEf123", Created: time.Now()}); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			q, err := queue.CreateFile(filepath.Join(dir, "a"), queue.FileOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = q.Close() }()
			for _, id := range []string{"night", "other"} {
				if _, err := q.Stage(id).Send(t.Context(), [][]byte{[]byte("one"), []byte("two")}); err != nil {
					t.Fatal(err)
				}
			}
			var out, errs bytes.Buffer
			s := Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
			if code := Job(t.Context(), t.Context(), s, append(args, "night")); code != ExitOK {
				t.Fatalf("code %d: %s", code, errs.String())
			}
			want := int64(0)
			if where.queue == "" && where.ledger == "b" || len(where.queue) > 1 {
				want = 2
			}
			if said := strings.Contains(errs.String(), "2 messages"); said != (want == 0) {
				t.Errorf("it said %q", errs.String())
			}
			for id, want := range map[string]int64{"night": want, "other": 2} {
				if n, err := q.Stage(id).Staged(t.Context()); n != want || err != nil {
					t.Errorf("%d messages of %s, %v; want %d", n, id, err, want)
				}
			}
		})
	}
}
