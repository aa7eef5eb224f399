package worker

import (
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/queue"
	"relock/internal/queue/queuefake"
)

// withStages is a queue in memory with the stages of one in a file.
type withStages struct {
	*queuefake.Queue
	file *queue.File
}

func (s withStages) Stage(id string) *queue.Staging { return s.file.Stage(id) }

// What was staged for a job that was cancelled before it was published is thrown
// away; what is staged for another stays.
func TestStagedMessagesOfACancelledJob(t *testing.T) {
	file, err := queue.CreateFile(t.TempDir(), queue.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r := newRig(t)
	r.cfg.Transport = withStages{r.q, file}
	bodies := map[string][][]byte{}
	for _, id := range []string{"inc-1", "inc-2"} {
		r.list(id, "person-a", "person-b")
		for _, n := range []string{"person-a", "person-b"} {
			bodies[id] = append(bodies[id], r.message(queue.Message{Job: id, Username: job.Username(n)}))
		}
		if _, err := file.Stage(id).Send(t.Context(), bodies[id]); err != nil {
			t.Fatal(err)
		}
	}
	r.state("inc-1", job.StateCancelled)
	n := r.start()
	left := func(id string) int64 {
		k, err := file.Stage(id).Staged(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for begun := time.Now(); left("inc-1") > 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("%d messages are staged for the cancelled job", left("inc-1"))
		}
	}
	n.end()
	if k := left("inc-2"); k != 2 {
		t.Errorf("%d messages are staged for the job that goes on", k)
	}
}
