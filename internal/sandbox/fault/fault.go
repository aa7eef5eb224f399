// Package fault decides what goes wrong in the sandbox: which call is throttled,
// delayed, cut off before or after it took effect, and so on.
//
// Every rule draws from a sequence of its own, made from the seed, the rule and
// the number of calls it has seen: the same calls in the same order meet the
// same faults, whatever the other rules do.
package fault

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The faults that the sandbox can make. Those marked "entry" or "message" are
// drawn once for each entry of a batch or each message, all others once a call.
const (
	Latency      = "latency"        // the reply takes Rule.Latency longer: half before the call takes effect, half after
	Throttle     = "throttle"       // the service's throttling error
	Error500     = "error-500"      // the service's internal error, before the call takes effect
	Error500Late = "error-500-late" // the same, after the call took effect
	Error503     = "error-503"      // 503 ServiceUnavailable, before the call takes effect
	ResetBefore  = "reset-before"   // the connection is reset before the call takes effect
	ResetAfter   = "reset-after"    // the connection is reset after the call took effect
	Hang         = "hang"           // no reply ever; the call does not take effect
	HangAfter    = "hang-after"     // no reply ever; the call took effect
	ExpiredToken = "expired-token"  // the credentials have expired
	AccessDenied = "access-denied"  // the caller may not
	Unsupported  = "unsupported"    // the server does not know the operation
	BatchFail    = "batch-fail"     // entry: in Failed, and not done (SQS batches)
	BatchSilent  = "batch-silent"   // entry: done, and in neither list (SQS batches)
	Duplicate    = "duplicate"      // message: handed to a second receive while it is in flight (SQS)
	CorruptBody  = "corrupt-body"   // message: the body does not match its MD5 (SQS receive and send replies)
	LambdaReject = "lambda-reject"  // the pool's trigger rejects the user (Cognito)
	Error        = "error"          // any error at all, named by Rule.Code, before the call takes effect
)

// Names are all faults, in the order in which the documentation lists them.
var Names = []string{
	Latency, Throttle, Error500, Error500Late, Error503, ResetBefore, ResetAfter, Hang, HangAfter,
	ExpiredToken, AccessDenied, Unsupported, BatchFail, BatchSilent, Duplicate, CorruptBody, LambdaReject, Error,
}

// Rule is one fault and when it strikes.
type Rule struct {
	// Name is one of Names.
	Name string `json:"name"`
	// Service is a signing name, for example "sqs"; empty means every service.
	Service string `json:"service,omitempty"`
	// Operation is an operation's name; empty means every operation.
	Operation string `json:"operation,omitempty"`
	// Rate is the share of calls that are struck, 0 to 1.
	Rate float64 `json:"rate"`
	// Skip spares the first calls that match.
	Skip int64 `json:"skip,omitempty"`
	// Count ends the rule after so many strikes; 0 is no end. With rate 1, Skip
	// and Count choose the very calls that are struck.
	Count int64 `json:"count,omitempty"`
	// Latency is the distribution of the fault "latency", and of no other.
	Latency *Distribution `json:"latency,omitempty"`
	// Code, Message and Status are those of the fault "error", and of no other.
	// QueryCode goes into x-amzn-query-error; empty is Code. Status 0 is 400.
	Code      string `json:"code,omitempty"`
	QueryCode string `json:"queryCode,omitempty"`
	Message   string `json:"message,omitempty"`
	Status    int    `json:"status,omitempty"`
}

// Validate says what is wrong with the rule, and nil if nothing is.
func (r Rule) Validate() error {
	switch {
	case !slices.Contains(Names, r.Name):
		return fmt.Errorf("there is no fault %q; the faults are %s", r.Name, strings.Join(Names, ", "))
	case math.IsNaN(r.Rate) || r.Rate < 0 || r.Rate > 1:
		return fmt.Errorf("fault %s: the rate %v is not between 0 and 1", r.Name, r.Rate)
	case r.Skip < 0 || r.Count < 0:
		return fmt.Errorf("fault %s: skip and count cannot be negative", r.Name)
	case r.Operation != "" && r.Service == "":
		return fmt.Errorf("fault %s: the operation %s needs its service, for example sqs.%s", r.Name, r.Operation, r.Operation)
	case r.Name == Latency && r.Latency == nil:
		return fmt.Errorf("fault %s: a distribution is missing, for example fixed:100ms", r.Name)
	case r.Name == Error && r.Code == "":
		return fmt.Errorf("fault %s: its code is missing, for example code=InternalErrorException", r.Name)
	case r.Name != Error && (r.Code != "" || r.QueryCode != "" || r.Message != "" || r.Status != 0):
		return fmt.Errorf("fault %s: only the fault %s takes a code, a message and a status", r.Name, Error)
	case r.Status != 0 && (r.Status < 400 || r.Status > 599):
		return fmt.Errorf("fault %s: the status %d is not between 400 and 599", r.Name, r.Status)
	case r.Name != Latency && r.Latency != nil:
		return fmt.Errorf("fault %s: only the fault %s takes a distribution", r.Name, Latency)
	}
	return nil
}

// Status is a rule and what it has done so far.
type Status struct {
	Rule
	// Seen counts the draws of the rule, Struck those that it struck.
	Seen   int64 `json:"seen"`
	Struck int64 `json:"struck"`
}

// Injector holds the rules in force. The zero value and nil have none. All
// methods may be called concurrently.
type Injector struct {
	seed uint64
	// rules is replaced as a whole, so that Roll takes no lock.
	rules atomic.Pointer[map[string][]*active]
	mu    sync.Mutex // serialises the writers of rules
}

// New makes an injector whose draws depend on seed alone.
func New(seed uint64) *Injector { return &Injector{seed: seed} }

// active is a rule in force.
type active struct {
	Rule
	seed         uint64
	seen, struck atomic.Int64
}

func (a *active) matches(service, operation string) bool {
	return (a.Service == "" || a.Service == service) && (a.Operation == "" || a.Operation == operation)
}

// draw is one draw; it returns the number of the draw too, from which a
// strike's own randomness comes.
func (a *active) draw() (n int64, struck bool) {
	n = a.seen.Add(1)
	if n <= a.Skip || a.Rate <= 0 {
		return n, false
	}
	if a.Rate < 1 && unit(mix(a.seed+uint64(n))) >= a.Rate {
		return n, false
	}
	if hits := a.struck.Add(1); a.Count > 0 && hits > a.Count {
		a.struck.Add(-1)
		return n, false
	}
	return n, true
}

// Set replaces all rules; their counts start at 0.
func (i *Injector) Set(rules ...Rule) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.replace(nil, rules)
}

// Add puts further rules in force beside those that are.
func (i *Injector) Add(rules ...Rule) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	var old []*active
	if m := i.rules.Load(); m != nil {
		for _, name := range Names {
			old = append(old, (*m)[name]...)
		}
	}
	return i.replace(old, rules)
}

// Clear ends all faults.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules.Store(nil)
}

func (i *Injector) replace(old []*active, rules []Rule) error {
	m := make(map[string][]*active)
	for _, a := range old {
		m[a.Name] = append(m[a.Name], a)
	}
	for _, r := range rules {
		if err := r.Validate(); err != nil {
			return err
		}
		a := &active{Rule: r, seed: i.seed ^ hash(r.Name, r.Service, r.Operation, fmt.Sprint(len(m[r.Name])))}
		m[r.Name] = append(m[r.Name], a)
	}
	if len(m) == 0 {
		i.rules.Store(nil)
		return nil
	}
	i.rules.Store(&m)
	return nil
}

// Rules lists the rules in force and what they have done, in the order of Names.
func (i *Injector) Rules() []Status {
	out := []Status{}
	if i == nil {
		return out
	}
	m := i.rules.Load()
	if m == nil {
		return out
	}
	for _, name := range Names {
		for _, a := range (*m)[name] {
			out = append(out, Status{Rule: a.Rule, Seen: a.seen.Load(), Struck: a.struck.Load()})
		}
	}
	return out
}

// Roll draws for one call (or entry, or message) and reports whether the fault
// strikes it.
func (i *Injector) Roll(name, service, operation string) bool {
	_, _, struck := i.strike(name, service, operation)
	return struck
}

// Strike is Roll for faults whose rule says more; the rule is not to be changed.
func (i *Injector) Strike(name, service, operation string) (*Rule, bool) {
	a, _, struck := i.strike(name, service, operation)
	if !struck {
		return nil, false
	}
	return &a.Rule, true
}

// Delay draws the latency of one call: the first rule that strikes decides.
func (i *Injector) Delay(service, operation string) time.Duration {
	a, n, struck := i.strike(Latency, service, operation)
	if !struck {
		return 0
	}
	return a.Latency.draw(a.seed, uint64(n))
}

func (i *Injector) strike(name, service, operation string) (*active, int64, bool) {
	if i == nil {
		return nil, 0, false
	}
	m := i.rules.Load()
	if m == nil {
		return nil, 0, false
	}
	for _, a := range (*m)[name] {
		if a.matches(service, operation) {
			if n, struck := a.draw(); struck {
				return a, n, true
			}
		}
	}
	return nil, 0, false
}

// mix is the finaliser of splitmix64: a bijection whose output looks random
// even for successive inputs.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit maps a draw to [0, 1).
func unit(x uint64) float64 { return float64(x>>11) / (1 << 53) }

// hash is FNV-1a over the parts, each ended by a zero byte.
func hash(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, p := range parts {
		for _, b := range []byte(p) {
			h = (h ^ uint64(b)) * 1099511628211
		}
		h *= 1099511628211
	}
	return mix(h)
}
