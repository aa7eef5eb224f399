package cli_test

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// targets and resets are those of the demo's list.
const (
	demoTargets = 588
	demoResets  = 517
)

const (
	resetCall = "cognito-idp:AdminResetUserPassword"
	sendCall  = "sqs:SendMessage"
)

// TestStopInTheMiddle stops the demo's worker in the middle: within five seconds,
// with everything that was not started visible in the queue at once. A second run
// finishes the rest, and nobody is sent two codes.
func TestStopInTheMiddle(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.enqueueDemo().end(0)

	first := s.start("worker", "--drain")
	stopped := first.signal(syscall.SIGTERM, s.after(resetCall, 150))
	said := first.end(143)
	if took := time.Since(stopped); took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if !strings.Contains(said, "interrupted; nothing is lost: run the same command again") {
		t.Errorf("it does not say what to do:\n%s", said)
	}
	totals := s.totals()
	d, err := s.server.SQS().Depth("relock")
	if err != nil {
		t.Fatal(err)
	}
	done := totals.Targets - totals.Pending
	if int64(d.Visible)+done != demoTargets || d.InFlight != 0 || d.Delayed != 0 || done < 140 || done > 400 {
		t.Errorf("%d targets have an outcome, and the queue has %+v; want %d together, and nothing in flight", done, d, demoTargets)
	}

	s.start("worker", "--drain").end(3)
	if totals = s.totals(); totals.Pending != 0 || totals.Repeated != 0 {
		t.Errorf("after the second run: %+v", totals)
	}
	if users, twice := s.codes(); users != demoResets || twice != 0 {
		t.Errorf("%d users were sent a code, %d of them more than one; want %d and none", users, twice, demoResets)
	}
}

// TestStopService stops a service, which is no interruption.
func TestStopService(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.enqueueDemo().end(0)
	worker := s.start("worker")
	worker.signal(syscall.SIGTERM, s.after(resetCall, 50))
	worker.end(0)
}

// TestStopAtOnce sends a second signal while calls hang.
func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.enqueueDemo().end(0)
	s.fault("hang@cognito-idp.AdminResetUserPassword=1,skip=20")
	worker := s.start("worker", "--drain")
	first := worker.signal(syscall.SIGINT, s.after(resetCall, 20))           // the next ones hang
	worker.signal(syscall.SIGINT, s.after("sqs:ChangeMessageVisibility", 1)) // it hands back what is not started
	worker.end(130)
	// The calls that hang would have had three seconds.
	if took := time.Since(first); took > 2500*time.Millisecond {
		t.Errorf("it took %v to stop at once", took)
	}
	if _, twice := s.codes(); twice != 0 {
		t.Errorf("%d users were sent two codes", twice)
	}
}

// TestInterruptedEnqueue interrupts enqueue; the same command goes on where it
// stopped, and another order of the same users is refused.
func TestInterruptedEnqueue(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.fault("latency@sqs.SendMessageBatch=1,fixed:500ms")
	enqueue := s.enqueueDemo()
	enqueue.signal(syscall.SIGINT, s.after(sendCall, 20))
	said := enqueue.end(130)
	if !strings.Contains(said, "of 588 messages are in the queue and will be worked on; run the same command again to send the rest, or `job cancel --ledger file:led one` to stop the job") {
		t.Errorf("it does not say what was sent:\n%s", said)
	}
	s.fault()
	if users, _ := s.codes(); users != 0 {
		t.Fatalf("enqueue reset %d users", users)
	}
	if got := s.start("enqueue", "--job", "one", "--yes", "--max-users", "600", s.turnedList()).end(1); !strings.Contains(got, "go on with the file it began with") {
		t.Errorf("the same users in another order: %s", got)
	}
	said = s.enqueueDemo().end(0)
	if !strings.Contains(said, "messages were sent before, ") {
		t.Errorf("the second run does not say that it went on:\n%s", said)
	}
	s.start("worker", "--drain").end(3)
	if totals := s.totals(); totals.Targets != demoTargets || totals.Pending != 0 {
		t.Errorf("%+v", totals)
	}
	if users, twice := s.codes(); users != demoResets || twice != 0 {
		t.Errorf("%d users were sent a code, %d of them more than one; want %d and none", users, twice, demoResets)
	}
}

// TestInterruptedListing interrupts the listing of a pool: nothing was sent, and the
// next run lists anew.
func TestInterruptedListing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.fault("latency@cognito-idp.ListUsers=1,fixed:300ms")
	args := []string{"--job", "all", "--yes", "--max-users", "1000", "--all-users", "--status", "enabled"}
	enqueue := s.start("enqueue", args...)
	enqueue.signal(syscall.SIGINT, s.after("cognito-idp:ListUsers", 2))
	said := enqueue.end(130)
	if !strings.Contains(said, "interrupted (SIGINT); nothing was sent") {
		t.Errorf("it does not say that nothing was sent:\n%s", said)
	}
	if d, err := s.server.SQS().Depth("relock"); err != nil || d.Visible != 0 {
		t.Errorf("the queue has %+v, %v", d, err)
	}
	s.fault()
	s.start("enqueue", args...).end(0)
	want := 0
	for u := range s.pool.Users() {
		if u.Enabled {
			want++
		}
	}
	if d, err := s.server.SQS().Depth("relock"); err != nil || d.Visible != want || want < 100 {
		t.Errorf("the queue has %+v, %v; want the %d users who are enabled", d, err, want)
	}
}
