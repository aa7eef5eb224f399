// Package pace decides how fast calls are made: the budget, the learning of the
// ceiling from throttles, and the handing out of tokens one at a time. It knows
// no SDK and takes the time from its caller, so that worker and simulation share
// every line of it.
package pace
