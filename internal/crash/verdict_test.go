package crash

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// story builds a history, a second for each step.
type story struct {
	h   History
	now time.Time
	ids int
}

func newStory() *story { return &story{now: epoch} }

func (s *story) step() time.Time {
	s.now = s.now.Add(time.Second)
	return s.now
}

func (s *story) reset(caller string) *story {
	s.ids++
	s.h.Calls = append(s.h.Calls, Call{At: s.step(), Operation: opReset, Caller: caller, User: "ana", Request: id(s.ids)})
	return s
}

func (s *story) dropped(caller string) *story {
	s.reset(caller)
	s.h.Calls[len(s.h.Calls)-1].Dropped = true
	return s
}

func (s *story) lookUp(caller string) *story {
	s.h.Calls = append(s.h.Calls, Call{At: s.step(), Operation: opLookUp, Caller: caller, User: "ana"})
	return s
}

// chooses lets the user choose a new password.
func (s *story) chooses() *story {
	s.h.Calls = append(s.h.Calls, Call{At: s.step(), Operation: opChoose, Caller: "user", User: "ana"})
	return s
}

// looksAtThePool lets somebody read the pool, as enqueue and a standby do.
func (s *story) looksAtThePool(caller string) *story {
	s.h.Calls = append(s.h.Calls, Call{At: s.step(), Operation: "DescribeUserPool", Caller: caller})
	return s
}

// killed notes a kill that leaves the claim of that number open; 0 leaves none.
func (s *story) killed(caller string, claim int) *story {
	e := End{Caller: caller, At: s.step(), Open: map[string]int{}}
	if claim > 0 {
		e.Open["ana"] = claim
	}
	s.h.Ends = append(s.h.Ends, e)
	return s
}

// alsoKilled notes a kill at the moment of the one before.
func (s *story) alsoKilled(caller string) *story {
	e := s.h.Ends[len(s.h.Ends)-1]
	e.Caller = caller
	s.h.Ends = append(s.h.Ends, e)
	return s
}

// resumed lets the process that was stopped last go on.
func (s *story) resumed() *story {
	s.h.Ends[len(s.h.Ends)-1].Resumed = s.step()
	return s
}

func (s *story) signOut(caller string) *story {
	s.h.Calls = append(s.h.Calls, Call{At: s.step(), Operation: opSignOut, Caller: caller, User: "ana"})
	return s
}

// silent lets time pass.
func (s *story) silent(d time.Duration) *story {
	s.now = s.now.Add(d)
	return s
}

// signedOut says what the ledger has at the end of a job that ends sessions.
func (s *story) signedOut(o job.Outcome, state job.SignOut) History {
	s.ledger(o, false, 1, id(1))
	s.h.Targets[0].SignsOut, s.h.Targets[0].SignOut = true, state
	return s.h
}

// ledger says what the ledger has at the end.
func (s *story) ledger(o job.Outcome, repeated bool, claims int, request string) History {
	s.h.Targets = []Target{{User: "ana", Exists: true, Outcome: o, Repeated: repeated, Claims: claims, Request: request}}
	return s.h
}

func id(n int) string { return "request-" + string(rune('0'+n)) }

func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		history History
		want    []string // kinds
		figures Verdict
	}{
		{
			name:    "nothing happened to it but the reset",
			history: newStory().reset("a").ledger(job.Reset, false, 1, id(1)),
			figures: Verdict{Targets: 1, Resets: 1},
		},
		{
			name:    "killed after the call, and a look-up settled it",
			history: newStory().reset("a").killed("a", 1).lookUp("b").ledger(job.AlreadyReset, false, 2, ""),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 1, LookUps: 1, OpenClaims: 1, AlreadyReset: 1},
		},
		{
			name:    "killed between claim and call: the first reset is flagged, for nobody can know",
			history: newStory().killed("a", 1).lookUp("b").reset("b").ledger(job.Reset, true, 3, id(1)),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 1, LookUps: 1, OpenClaims: 1, Again: 1, Flags: 1},
		},
		{
			name:    "killed after the call, and the user had chosen a new password: reset twice, and flagged",
			history: newStory().reset("a").chooses().killed("a", 1).lookUp("b").reset("b").ledger(job.Reset, true, 3, id(2)),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 2, Second: 1, SecondUsers: 1, LookUps: 1, OpenClaims: 1, Again: 1, Flags: 1},
		},
		{
			name:    "the same after a lost reply",
			history: newStory().dropped("a").chooses().lookUp("a").reset("a").ledger(job.Reset, true, 3, id(2)),
			figures: Verdict{Targets: 1, Resets: 2, Second: 1, SecondUsers: 1, LookUps: 1, LostReplies: 1, Again: 1, Flags: 1},
		},
		{
			name:    "a reply that the sandbox sent and the client took for lost",
			history: newStory().reset("a").chooses().lookUp("a").reset("a").ledger(job.Reset, true, 3, id(2)),
			figures: Verdict{Targets: 1, Resets: 2, Second: 1, SecondUsers: 1, LookUps: 1, ClientLost: 1, Again: 1, Flags: 1},
		},
		{
			name:    "a reply lost to the kill itself is the kill's",
			history: newStory().dropped("a").killed("a", 1).lookUp("b").ledger(job.AlreadyReset, false, 2, ""),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 1, LookUps: 1, OpenClaims: 1, AlreadyReset: 1},
		},
		{
			name:    "a lost reply, and then a kill in the second call",
			history: newStory().dropped("a").chooses().lookUp("a").dropped("a").killed("a", 3).lookUp("b").ledger(job.AlreadyReset, true, 4, ""),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 2, Second: 1, SecondUsers: 1, LookUps: 2, OpenClaims: 1, LostReplies: 1, AlreadyReset: 1, Again: 1, Flags: 1},
		},
		{
			name:    "never called",
			history: newStory().ledger(job.Reset, false, 1, id(1)),
			want:    []string{wrongLost, wrongRequest},
		},
		{
			name:    "no outcome",
			history: newStory().reset("a").ledger("", false, 1, ""),
			want:    []string{wrongLost},
		},
		{
			name:    "missing",
			history: newStory().reset("a").ledger(job.Missing, false, 1, ""),
			want:    []string{wrongLost},
		},
		{
			name:    "the wrong outcome",
			history: newStory().reset("a").ledger(job.UserDisabled, false, 1, ""),
			want:    []string{wrongOutcome},
		},
		{
			name:    "reset twice without a reason",
			history: newStory().reset("a").chooses().reset("b").ledger(job.Reset, false, 2, id(2)),
			want:    []string{wrongCount, wrongSecond},
		},
		{
			name:    "reset twice, and the kill between left no claim",
			history: newStory().reset("a").chooses().killed("a", 0).lookUp("b").reset("b").ledger(job.Reset, true, 3, id(2)),
			want:    []string{wrongCount, wrongFlag, wrongSecond},
		},
		{
			name:    "reset twice, and the claim left open was another's",
			history: newStory().killed("b", 1).reset("a").chooses().reset("c").ledger(job.Reset, true, 4, id(2)),
			want:    []string{wrongSecond},
		},
		{
			name:    "called again after a kill without a flag",
			history: newStory().reset("a").chooses().killed("a", 1).lookUp("b").reset("b").ledger(job.Reset, false, 3, id(2)),
			want:    []string{wrongCount, wrongUnflagged},
		},
		{
			name:    "called again after a lost reply without asking and without a flag",
			history: newStory().dropped("a").chooses().reset("a").ledger(job.Reset, false, 2, id(2)),
			want:    []string{wrongCount, wrongUnflagged},
		},
		{
			name:    "called again and flagged, though a look-up would have settled it",
			history: newStory().reset("a").killed("a", 1).reset("b").ledger(job.Reset, true, 3, id(2)),
			want:    []string{wrongKnown},
		},
		{
			name:    "flagged, and a look-up had settled it",
			history: newStory().reset("a").killed("a", 1).lookUp("b").ledger(job.AlreadyReset, true, 2, ""),
			want:    []string{wrongFlag},
		},
		{
			name:    "killed together, the call of one still under way",
			history: newStory().killed("a", 1).alsoKilled("standby").reset("a").lookUp("b").ledger(job.AlreadyReset, false, 2, ""),
			figures: Verdict{Targets: 1, Ends: 2, Resets: 1, LookUps: 1, OpenClaims: 1, AlreadyReset: 1, Turns: 0},
		},
		{
			name:    "flagged without a reason",
			history: newStory().reset("a").ledger(job.Reset, true, 1, id(1)),
			want:    []string{wrongCount, wrongFlag},
		},
		{
			name:    "a call without a claim",
			history: newStory().reset("a").chooses().killed("a", 1).lookUp("b").reset("b").ledger(job.Reset, true, 2, id(2)),
			want:    []string{wrongClaims},
		},
		{
			name:    "the ledger names a request that nobody made",
			history: newStory().reset("a").ledger(job.Reset, false, 1, id(7)),
			want:    []string{wrongRequest},
		},
		{
			name:    "stopped, taken over, and silent afterwards",
			history: newStory().killed("a", 1).lookUp("b").reset("b").resumed().ledger(job.Reset, true, 3, id(1)),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 1, LookUps: 1, OpenClaims: 1, Again: 1, Flags: 1},
		},
		{
			name:    "stopped, and called afterwards under a new claim",
			history: newStory().killed("a", 1).resumed().reset("a").ledger(job.Reset, false, 2, id(1)),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 1, OpenClaims: 1},
		},
		{
			name:    "stopped, and called afterwards under the old claim",
			history: newStory().killed("a", 1).resumed().reset("a").ledger(job.Reset, false, 1, id(1)),
			want:    []string{wrongStopped},
		},
		{
			name:    "stopped, taken over, and called afterwards all the same",
			history: newStory().reset("a").chooses().killed("a", 1).lookUp("b").resumed().reset("a").ledger(job.AlreadyReset, false, 2, ""),
			want:    []string{wrongClaims, wrongCount, wrongStopped, wrongTurns},
		},
		{
			name:    "signed out after the reset",
			history: newStory().reset("a").signOut("a").signedOut(job.Reset, job.SignOutDone),
			figures: Verdict{Targets: 1, Resets: 1, SignOuts: 1},
		},
		{
			name:    "killed between the steps, and signed out by the next one",
			history: newStory().reset("a").killed("a", 0).signOut("b").signedOut(job.Reset, job.SignOutDone),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 1, SignOuts: 1, Turns: 1},
		},
		{
			name:    "killed after the second step, before it was recorded",
			history: newStory().reset("a").signOut("a").killed("a", 0).signOut("b").signedOut(job.Reset, job.SignOutDone),
			figures: Verdict{Targets: 1, Ends: 1, Resets: 1, SignOuts: 2, SecondOuts: 1, Turns: 1},
		},
		{
			name:    "never signed out",
			history: newStory().reset("a").signedOut(job.Reset, job.SignOutDone),
			want:    []string{wrongSession},
		},
		{
			name:    "signed out before the reset only",
			history: newStory().signOut("a").reset("a").signedOut(job.Reset, job.SignOutDone),
			want:    []string{wrongSession},
		},
		{
			name:    "a second step that is left pending",
			history: newStory().reset("a").signOut("a").signedOut(job.Reset, job.SignOutPending),
			want:    []string{wrongSession},
		},
		{
			name:    "signed out again by another one though the first lives",
			history: newStory().reset("a").signOut("a").signOut("b").signedOut(job.Reset, job.SignOutDone),
			want:    []string{wrongSignOut},
		},
		{
			name:    "two callers within one lease",
			history: newStory().lookUp("a").lookUp("b").reset("a").ledger(job.Reset, false, 3, id(1)),
			want:    []string{wrongTurns},
		},
		{
			name:    "the second one calls when the lease is over",
			history: newStory().lookUp("a").silent(leaseFor).lookUp("b").silent(leaseFor).reset("a").ledger(job.Reset, false, 3, id(1)),
			figures: Verdict{Targets: 1, Resets: 1, LookUps: 2, Turns: 2},
		},
		{
			name:    "somebody looks at the pool before and after",
			history: newStory().looksAtThePool("b").reset("a").looksAtThePool("b").ledger(job.Reset, false, 1, id(1)),
			figures: Verdict{Targets: 1, Resets: 1},
		},
		{
			name:    "somebody who is no target",
			history: History{Calls: newStory().reset("a").h.Calls},
			want:    []string{wrongCount},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Judge(tt.history)
			var kinds []string
			for k := range got.Kinds() {
				kinds = append(kinds, k)
			}
			slices.Sort(kinds)
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, kinds); diff != "" {
				t.Fatalf("wrong (-want +got):\n%s%s", diff, strings.Join(got.Wrong, "\n"))
			}
			if len(tt.want) > 0 {
				return
			}
			got.Wrong, got.kinds = nil, nil
			if tt.figures.Turns == 0 {
				got.Turns = 0 // of no interest there
			}
			if diff := cmp.Diff(&tt.figures, got, cmp.AllowUnexported(Verdict{})); diff != "" {
				t.Errorf("figures (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadCalls(t *testing.T) {
	t.Parallel()
	log := `{"n":2,"at":1795433981501080950,"took":5,"service":"cognito-idp","operation":"AdminResetUserPassword","caller":"B","note":"ana","status":200,"dropped":true,"request":"r2"}
{"n":1,"at":1795433981501080949,"took":5,"service":"cognito-idp","operation":"AdminGetUser","caller":"A","note":"ana","code":"UserNotFoundException","status":400,"request":"r1"}
{"n":3,"at":1795433981501080951,"took":5,"service":"sqs","operation":"ListQueues","caller":"A","status":200,"request":"r3"}
`
	got, err := ReadCalls(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	want := []Call{
		{At: time.Unix(0, 1795433981501080949), Operation: opLookUp, Caller: "A", User: "ana", Code: "UserNotFoundException", Request: "r1"},
		{At: time.Unix(0, 1795433981501080950), Operation: opReset, Caller: "B", User: "ana", Request: "r2", Dropped: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := ReadCalls(strings.NewReader("{\"n\":1,")); err == nil {
		t.Error("a log that is cut off was read without an error")
	}
}

func TestExamplesAreFew(t *testing.T) {
	t.Parallel()
	var h History
	for range 100 {
		h.Targets = append(h.Targets, Target{User: "ana", Outcome: job.UserDisabled})
	}
	v := Judge(h)
	if len(v.Wrong) != maxExamples || v.Kinds()[wrongOutcome] != 100 {
		t.Errorf("%d examples of %d", len(v.Wrong), v.Kinds()[wrongOutcome])
	}
}
