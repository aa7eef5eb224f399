package sim

import (
	"math/rand/v2"
	"time"
)

// Wave is the recovery of the users who are being reset: each comes back within
// the hour after the reset and needs one request to confirm, or two if the code
// has to be sent anew.
type Wave struct {
	// Users is how many there are to reset.
	Users int
	// Mean is how long after the reset a user comes back, on average;
	// exponential, and drawn anew if it is over 55 minutes.
	Mean time.Duration
	// Anew is the part of the users who ask for another code first.
	Anew float64

	reset, recovered, late int
	finished               time.Duration // when the last was reset
}

// codeLife is how long a code is good
// (https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html), and
// the time after which a user who could not confirm counts as locked out.
const codeLife = time.Hour

// Waved is what became of a wave. All are of one run.
type Waved struct {
	Run
	// Reset and Recovered count users; Late are those who had not confirmed an
	// hour after their reset.
	Reset, Recovered, Late int
	// Finished is when the last user was reset.
	Finished time.Duration
}

// SimulateWave runs a strategy until everybody has been reset and their hour is
// over, for at most length.
func SimulateWave(v Wave, st Strategy, seed uint64, length time.Duration) Waved {
	s := &Scenario{Key: "wave", Name: "recovery wave", Length: length, quota: bucketOf(30), trip: short}
	w := newWorld(seed, s.quota(), s.trip, length)
	v.start(w)
	st.start(w)
	for w.now < length && v.recovered+v.late < v.Users {
		w.run(w.now + time.Minute)
	}
	return Waved{Run{w.seconds, s}, v.reset, v.recovered, v.late, v.finished}
}

func (v *Wave) start(w *world) {
	w.onReset = func() {
		if v.reset == v.Users {
			return
		}
		v.reset++
		v.finished = w.now
		w.over = v.reset == v.Users
		back := w.now + v.delay(w.traffic)
		until := w.now + codeLife
		requests := 1
		if w.traffic.Float64() < v.Anew {
			requests = 2
		}
		w.after(back-w.now, func() {
			w.this().demand += requests
			v.visit(w, requests, until, 0)
		})
	}
}

func (v *Wave) delay(r *rand.Rand) time.Duration {
	for {
		if d := exponential(r, v.Mean); d < 55*time.Minute {
			return d
		}
	}
}

// visit is a person at the login form, with so many requests to go. Throttled,
// they try again after 2 to 6 s; after the fourth time in a row they leave for 2
// to 10 minutes; when the code has run out they have not recovered.
func (v *Wave) visit(w *world, requests int, until time.Duration, tries int) {
	if w.now >= until {
		v.late++
		return
	}
	w.call(theirs, func(ok bool) {
		switch {
		case ok && requests == 1:
			v.recovered++
		case ok:
			w.after(v.between(w, 20*time.Second, 60*time.Second), func() { v.visit(w, requests-1, until, 0) })
		case tries < 3:
			w.after(v.between(w, 2*time.Second, 6*time.Second), func() { v.visit(w, requests, until, tries+1) })
		default:
			w.after(v.between(w, 2*time.Minute, 10*time.Minute), func() { v.visit(w, requests, until, 0) })
		}
	})
}

func (v *Wave) between(w *world, lo, hi time.Duration) time.Duration {
	return lo + time.Duration(w.chance.Float64()*float64(hi-lo))
}
