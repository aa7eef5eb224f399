package sim

import "time"

// traffic is what the other callers do; it schedules itself.
type traffic func(*world)

// person makes one request and, throttled, tries again after 2 to 6 s, tries
// times more.
func (w *world) person(tries int) {
	w.this().demand++
	w.attempt(tries)
}

func (w *world) attempt(tries int) {
	w.call(theirs, func(ok bool) {
		if ok || tries == 0 {
			return
		}
		w.after(2*time.Second+time.Duration(w.chance.Float64()*float64(4*time.Second)), func() { w.attempt(tries - 1) })
	})
}

// poisson is people who come one by one, independently.
func poisson(rate float64, tries int) traffic {
	return func(w *world) {
		var next func()
		next = func() {
			w.after(exponential(w.traffic, time.Duration(float64(time.Second)/rate)), func() {
				w.person(tries)
				next()
			})
		}
		next()
	}
}

// bursts is size people within two seconds, about every so often.
func bursts(every time.Duration, size, tries int) traffic {
	return func(w *world) {
		var next func()
		next = func() {
			w.after(every/2+exponential(w.traffic, every/2), func() {
				for range size {
					w.after(time.Duration(w.traffic.Float64()*float64(2*time.Second)), func() { w.person(tries) })
				}
				next()
			})
		}
		next()
	}
}

// script is a foreign program that calls one after the other without a limiter,
// rests between calls, and backs off as the SDK does.
func script(rest time.Duration) traffic {
	return func(w *world) {
		var next func(tried int)
		next = func(tried int) {
			if tried == 0 {
				w.this().demand++
			}
			w.call(theirs, func(ok bool) {
				if ok || tried == 2 {
					w.after(rest, func() { next(0) })
					return
				}
				w.after(sdkBackoff(w.chance, tried+1), func() { next(tried + 1) })
			})
		}
		w.after(time.Duration(w.traffic.Float64()*float64(time.Second)), func() { next(0) })
	}
}

// all runs several at once.
func all(ts ...traffic) traffic {
	return func(w *world) {
		for _, t := range ts {
			t(w)
		}
	}
}

// quotaAt changes the quota at a time.
func quotaAt(at time.Duration, to float64) traffic {
	return func(w *world) {
		w.after(at, func() { w.quota.setRate(w.now, to) })
	}
}
