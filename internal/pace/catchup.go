package pace

const (
	// catchUpMost is how much lost time is made up for, in seconds: after a longer
	// standstill the rest is given up.
	catchUpMost = 1
	// catchUpBy is how much faster than the pace the calls are meanwhile.
	catchUpBy = 1.2
)

// catchUp makes up for a dispatcher that the machine woke too late. The limiter
// itself makes up for one call; on a busy machine some hundred milliseconds are
// lost now and then, and with them some percent of a budget that nobody else may
// use. They are made up for a little faster than the pace, halfway to the quota at
// most, so that no second sees a burst; and only while nothing says that somebody
// else needs the quota.
type catchUp struct{ owed float64 } // seconds of calls at the pace

// rate is the rate for the next call.
func (c *catchUp) rate(pace float64, ctl *Controller) float64 {
	if c.owed <= 0 || pace < ctl.budget {
		return pace
	}
	return max(pace, min(pace*catchUpBy, (pace+ctl.quota)/2))
}

// granted notes a call that was waited for at limit and granted late seconds after
// it was due.
func (c *catchUp) granted(pace, limit, late float64) {
	c.owed = max(0, c.owed-(1/pace-1/limit))
	if lost := late - 1/limit; lost > 0 {
		c.owed = min(c.owed+lost, catchUpMost)
	}
}
