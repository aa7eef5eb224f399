package worker

import (
	"errors"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/sqlite"
)

var errLocked = error(&sqlite.Error{Path: "ledger.db", Op: "writing", Kind: sqlite.ErrLocked, Held: "process 7, sqlite3: wait for it, or end it"})

// lock makes every write fail as it does while another program keeps the file locked:
// after the ten seconds that a call may take.
func (r *rig) lock() {
	writes := func(op string) bool {
		switch op {
		case "Claim", "Release", "Record", "RecordSignOut", "SetHalt":
			return true
		default:
			return false
		}
	}
	r.led.set(func(op string) error {
		if writes(op) {
			return errLocked
		}
		return nil
	}, func(op string) time.Duration {
		if writes(op) {
			return ledgerTimeout
		}
		return 0
	})
}

// A ledger that another program keeps locked for less than a claim lives halts
// nothing, and costs no message a receive.
func TestALedgerThatIsLockedForAWhile(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 200)
		n := r.start(drain)
		r.after(3 * time.Second)
		r.lock()
		r.after(50 * time.Second)
		if m := r.metric("relock_halted", "reason", string(job.HaltLedger)); m != 0 {
			t.Error("halted")
		}
		if s := r.cfg.Health.Stalled(); len(s) != 0 {
			t.Errorf("stalled: %v", s)
		}
		r.led.set(nil, nil)
		if res := n.wait(10 * time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		r.wantOnce(200)
		r.wantRepeated(jobID)
		r.wantQueue(0, 1)
	})
}

// One that stays locked halts the work, and the halt names the lock.
func TestALedgerThatStaysLocked(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 200)
		n := r.start(drain)
		r.after(3 * time.Second)
		r.lock()
		res := n.wait(3 * time.Minute)
		if res.Halt == nil || res.Halt.Reason != job.HaltLedger || res.Halt.Code != codeLocked || !errors.Is(res.Cause, sqlite.ErrLocked) {
			t.Fatalf("%+v", res)
		}
		r.led.set(nil, nil)
		if res := r.drain(10 * time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		r.wantOnce(200)
		r.wantRepeated(jobID)
	})
}

// The log of the halt says what the file says of itself.
func TestTheHaltSaysWhatIsWrongWithTheFile(t *testing.T) {
	for name, tt := range map[string]struct {
		err        error
		code, want string
	}{
		"locked": {errLocked, codeLocked, "it is held by process 7, sqlite3"},
		"full":   {&sqlite.Error{Path: "ledger.db", Op: "writing", Kind: sqlite.ErrFull}, "", "free some space"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 10)
				n := r.start()
				r.after(time.Second)
				r.w.halts.trip(job.HaltLedger, "", tt.err)
				if h := r.w.halts.current(); h == nil || h.Code != tt.code {
					t.Errorf("%+v, want the code %q", h, tt.code)
				}
				if log := r.log.String(); !strings.Contains(log, `remedy="`+tt.want) {
					t.Errorf("the log does not say %q:\n%s", tt.want, log)
				}
				n.end()
			})
		})
	}
}
