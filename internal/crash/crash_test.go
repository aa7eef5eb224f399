//go:build crash

package crash

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

var (
	killsFlag   = flag.Int("kills", 20, "kills for each set-up")
	jobsFlag    = flag.Int("jobs", 0, "jobs for each set-up; 0 is one for twenty kills")
	targetsFlag = flag.Int("targets", 5000, "targets of a job")
	rateFlag    = flag.Float64("rate", 300, "resets a second")
	seedFlag    = flag.Uint64("seed", 0, "plays the choices of an earlier run again; 0 is new ones")
	silentFlag  = flag.Int("silent", 25, "where there is a standby, one kill in so many is left to its patience of 25 seconds")
	binFlag     = flag.String("bin", "", "folder of the programs; builds them if empty")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *seedFlag == 0 {
		*seedFlag = uint64(time.Now().UnixNano())
	}
	if *jobsFlag == 0 {
		*jobsFlag = max(1, *killsFlag/20)
	}
	fmt.Printf("seed %d: -seed %d plays it again\n", *seedFlag, *seedFlag)
	code := m.Run()
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(code)
}

// TestKill kills the worker again and again, and judges what became of everybody.
func TestKill(t *testing.T) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			begun := time.Now()
			r := newRig(t, s, *seedFlag)
			stop := r.people(context.Background())
			defer stop()
			left := *killsFlag
			// Kills that come too late for a job are left to the next, or to one more.
			for n := 0; n < *jobsFlag || left > 0 && n < *jobsFlag+3; n++ {
				id := fmt.Sprintf("job-%d", n+1)
				r.enqueue(id, users(n, *targetsFlag))
				here := left / max(1, *jobsFlag-n)
				left -= here - r.killing(id, here)
				r.drain(id)
			}
			stop()
			if left > 0 {
				t.Errorf("%d kills found no worker to kill", left)
			}
			r.judge()
			t.Logf("took %v", time.Since(begun).Round(time.Second))
		})
	}
}

// users lists the users of a job: one in fifty does not exist. The sandbox makes users
// of seven digits (rig.startSandbox), which is enough for a hundred jobs.
func users(n, count int) []string {
	list := make([]string, count)
	for i := range list {
		kind := "user"
		if i%50 == 49 {
			kind = "ghost"
		}
		list[i] = fmt.Sprintf("%s-%07d", kind, n*100_000+i)
	}
	return list
}

// killing starts workers and kills them after some outcomes. It returns how many
// kills are left, because the job was done before.
func (r *rig) killing(id string, kills int) (left int) {
	r.t.Helper()
	c := &crew{r: r}
	defer c.dismiss()
	for left = kills; left > 0; left-- {
		pending := r.pending(id)
		if pending == 0 {
			return left
		}
		// The kills are spread over three quarters of the job; one in ten comes
		// before the first outcome.
		after := 1 + r.rnd.IntN(max(1, pending*3/2/(left+1)))
		later := time.Duration(r.rnd.Int64N(int64(5 * time.Millisecond)))
		if r.rnd.IntN(10) == 0 {
			after = 0
			later = time.Duration(r.rnd.Int64N(int64(300 * time.Millisecond)))
		}
		other := r.rnd.IntN(10) == 0
		c.fill()
		if !c.await(after) {
			return left
		}
		time.Sleep(later)
		switch {
		case after == 0:
			c.killAll()
		case other && len(c.procs) > 1:
			c.killStandby()
		default:
			c.killActive()
		}
	}
	return 0
}

// drain lets workers finish a job undisturbed.
func (r *rig) drain(id string) {
	r.t.Helper()
	if r.pending(id) == 0 && r.state(id) == job.StateFinished {
		return
	}
	c := &crew{r: r}
	for {
		p := r.work()
		c.procs = []*proc{p}
		select {
		case <-p.done:
		case <-time.After(5 * time.Minute):
			p.signal(syscall.SIGABRT) // shows its goroutines
			<-p.done
		}
		if c.halted(p) {
			continue
		}
		if code := p.exit(); code != 3 {
			r.t.Fatalf("the last worker ended with %d, not with 3 (some users failed):\n%s", code, p.out.String())
		}
		break
	}
	if got := r.state(id); got != job.StateFinished {
		r.t.Errorf("%s is %s, not finished", id, got)
	}
}

func (r *rig) state(id string) job.State {
	r.t.Helper()
	l := r.setup.read(r)
	defer l.Close()
	j, err := l.Job(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return j.State
}

// judge reads ledger and log, and fails the test with what breaks a promise.
func (r *rig) judge() {
	r.t.Helper()
	r.readTargets()
	if n := r.setup.dead(r); n != 0 {
		r.t.Errorf("%d dead letters", n)
	}
	r.stopSandbox()
	if b, err := json.Marshal(r.history.Ends); err == nil {
		_ = os.WriteFile(r.path("ends.json"), b, 0o600) // only for whoever looks into a failure
	}
	v := Judge(r.history)
	r.t.Logf("\n%s\nhalts for a slow ledger: %d", v, r.halts)
	for _, w := range v.Wrong {
		r.t.Error(w)
	}
	if kinds := v.Kinds(); len(kinds) > 0 {
		r.t.Errorf("wrong, by kind: %v; the worker's seed is %d", kinds, *seedFlag)
	}
	// A client that takes many replies for lost is broken in another way.
	if most := 5 + v.Resets/1000; v.ClientLost > most {
		r.t.Errorf("%d replies were taken for lost though they were sent; want %d at most", v.ClientLost, most)
	}
}

// readTargets reads what the ledger says of every target, and counts it.
func (r *rig) readTargets() {
	r.t.Helper()
	l := r.setup.read(r)
	defer l.Close()
	jobs, err := l.Jobs(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	wanted := slices.Clone(r.targets)
	var got []string
	for _, j := range jobs {
		totals, err := l.Totals(r.t.Context(), j.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		counted := ledger.Totals{Outcomes: map[job.Outcome]int64{}, SignOuts: map[job.SignOut]int64{}}
		for e, err := range l.Entries(r.t.Context(), j.ID, ledger.Filter{}) {
			if err != nil {
				r.t.Fatal(err)
			}
			user := string(e.Username)
			got = append(got, user)
			counted.Targets++
			if e.Outcome == "" {
				counted.Pending++
			} else {
				counted.Outcomes[e.Outcome]++
			}
			if e.Repeated {
				counted.Repeated++
			}
			if e.SignOut != "" {
				counted.SignOuts[e.SignOut]++
			}
			r.history.Targets = append(r.history.Targets, Target{
				User: user, Exists: user[0] == 'u', Outcome: e.Outcome, Repeated: e.Repeated,
				Claims: e.Attempts, Request: e.RequestID,
				SignsOut: j.Policy.SignOut, SignOut: e.SignOut,
			})
		}
		counted.Last = totals.Last
		if fmt.Sprint(counted) != fmt.Sprint(totals) {
			r.t.Errorf("%s: the totals are %v, and counting gives %v", j.ID, totals, counted)
		}
	}
	slices.Sort(wanted)
	slices.Sort(got)
	if !slices.Equal(wanted, got) {
		r.t.Errorf("%d targets were sent, the ledger lists %d, or others", len(wanted), len(got))
	}
}
