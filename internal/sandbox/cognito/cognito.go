// Package cognito is the sandbox's Amazon Cognito user pools: pools, users,
// groups and app clients in memory, the operations that Relock and a person
// setting the scene call, AWS's checks and error texts, and the quotas that all
// callers of an account and Region share.
//
// What AWS documents is done as documented. What nobody has verified against
// live Cognito is a field of Switches, so that tests can run both ways. The
// package keeps what a judge of a run needs: for each user when a reset was
// accepted and with which client metadata, and which calls were throttled.
package cognito

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"relock/internal/sandbox/wire"
)

// Roller decides whether a fault happens to a call. It is asked once per call
// and fault, from many goroutines.
type Roller interface {
	Roll(name, service, operation string) bool
}

// FaultLambdaReject is the one fault that this package asks a Roller about: the
// CustomMessage trigger rejects the request. It can strike where a code would
// be sent, in AdminResetUserPassword and ForgotPassword.
const FaultLambdaReject = "lambda-reject"

const (
	signingName    = "cognito-idp"
	defaultAccount = "123456789012"
)

// Config says what a Cognito is made of.
type Config struct {
	// AccountID is the twelve digits in ARNs. Defaults to 123456789012.
	AccountID string
	// Switches are the unverified behaviours. Defaults to DefaultSwitches.
	Switches *Switches
	// Quotas replaces the default limit of single categories, in every Region.
	Quotas map[Category]Limit
	// Faults is asked whether a trigger fails. Nil means never.
	Faults Roller
	// LogSize is how many calls Log holds before it forgets the oldest. Defaults
	// to none: the server keeps a log of all services.
	LogSize int
	// Now is the clock of what no request starts: seeds and AddPool. Defaults to
	// time.Now. Requests bring their own time, wire.Call.At.
	Now func() time.Time
}

// Cognito is the service of one account in all Regions. It is safe for
// concurrent use.
type Cognito struct {
	account string
	now     func() time.Time
	faults  Roller
	initial Switches           // for Reset
	limits  map[Category]Limit // for Reset

	switches atomic.Pointer[Switches]
	switchMu sync.Mutex // serialises read-modify-write of switches

	mu      sync.RWMutex // guards pools, clients, order
	pools   map[string]*Pool
	order   []*Pool
	clients map[string]*client

	quotas *quotas
	mail   mail
	log    *ring
	ops    map[string]operation
}

// New makes a Cognito without pools.
func New(cfg Config) *Cognito {
	if cfg.AccountID == "" {
		cfg.AccountID = defaultAccount
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Cognito{
		account: cfg.AccountID,
		now:     cfg.Now,
		faults:  cfg.Faults,
		pools:   map[string]*Pool{},
		clients: map[string]*client{},
		quotas:  newQuotas(cfg.Quotas),
		log:     newRing(cfg.LogSize),
	}
	c.initial = DefaultSwitches()
	if cfg.Switches != nil {
		c.initial = *cfg.Switches
	}
	c.limits = maps.Clone(cfg.Quotas)
	c.switches.Store(new(c.initial))
	c.ops = c.operations()
	return c
}

// Reset forgets pools, users, counts and the log. Switches and quotas are again
// what the Config said.
func (c *Cognito) Reset() {
	c.Switch(func(s *Switches) { *s = c.initial })
	c.quotas.reset(c.limits)
	c.mail.reset()
	c.log.reset()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pools, c.order, c.clients = map[string]*Pool{}, nil, map[string]*client{}
}

// operation is one entry of the service's table.
type operation struct {
	category Category
	run      func(*wire.Call) (any, error)
}

// Service is the wire side of the user pools API.
func (c *Cognito) Service() wire.Service {
	s := wire.Service{
		SigningName:      signingName,
		TargetPrefix:     "AWSCognitoIdentityProviderService",
		JSONVersion:      "1.1",
		UnknownOperation: "UnknownOperationException",
		Operations:       make(map[string]wire.Handler, len(c.ops)),
		ThrottleError:    wire.Errorf("TooManyRequestsException", "Rate exceeded"),
		InternalError:    &wire.Error{Code: "InternalErrorException", Message: "Internal error", Status: http.StatusInternalServerError},
	}
	for name, op := range c.ops {
		s.Operations[name] = c.handler(op, slices.Contains(unsigned, name))
	}
	s.Unsigned = unsigned
	return s
}

// handler puts the quota before an operation and the log behind it.
func (c *Cognito) handler(op operation, unsigned bool) wire.Handler {
	return func(_ context.Context, call *wire.Call) (any, error) {
		if call.At.IsZero() {
			call.At = c.now()
		}
		call.Category = string(op.category)
		out, err := c.admit(op, unsigned, call)
		if err != nil {
			err = c.status(err)
		}
		c.log.add(call, err)
		return out, err
	}
}

func (c *Cognito) admit(op operation, unsigned bool, call *wire.Call) (any, error) {
	caller := call.Caller.AccessKeyID
	if unsigned || caller == "" {
		caller = CallerUsers
	}
	// The quota comes first: AWS counts failed calls too (CallCount "includes
	// throttled and failed", Cognito developer guide, quotas).
	if !c.quotas.take(call.Region, op.category, caller, call.At) {
		return nil, wire.Errorf("TooManyRequestsException", "%s", c.sw().ThrottleText)
	}
	return op.run(call)
}

// modelStatus is the httpError trait of AWS's Smithy model. Live replies have
// been seen with 400 throughout (aws/aws-sdk-java#2301), and that is the default.
var modelStatus = map[string]int{
	"TooManyRequestsException":  http.StatusTooManyRequests,
	"UserNotFoundException":     http.StatusNotFound,
	"ResourceNotFoundException": http.StatusNotFound,
	"NotAuthorizedException":    http.StatusForbidden,
}

func (c *Cognito) status(err error) error {
	e, ok := err.(*wire.Error)
	if !ok || !c.sw().ModelStatus || e.Status != 0 {
		return err
	}
	e2 := *e
	e2.Status = modelStatus[e.Code]
	return &e2
}

// sw is the switches as they are at this moment.
func (c *Cognito) sw() *Switches { return c.switches.Load() }

// AddPool makes a pool.
func (c *Cognito) AddPool(cfg PoolConfig) (*Pool, error) {
	p, err := newPool(c, cfg, c.now())
	if err != nil {
		return nil, err
	}
	return p, c.addPool(p)
}

func (c *Cognito) addPool(p *Pool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pools[p.id] != nil {
		return errPoolExists(p.id)
	}
	c.pools[p.id] = p
	c.order = append(c.order, p)
	return nil
}

// Pool is the pool with this ID.
func (c *Cognito) Pool(id string) (*Pool, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	p, ok := c.pools[id]
	return p, ok
}

// Pools lists the pools in the order in which they were made.
func (c *Cognito) Pools() []*Pool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.order)
}

func (c *Cognito) removePool(p *Pool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pools, p.id)
	c.order = slices.DeleteFunc(c.order, func(q *Pool) bool { return q == p })
	for id, cl := range c.clients {
		if cl.pool == p {
			delete(c.clients, id)
		}
	}
}

// pool finds the pool of a request, or says what AWS says: a pool of another
// Region does not exist.
func (c *Cognito) pool(call *wire.Call, id string) (*Pool, error) {
	p, ok := c.Pool(id)
	if ok {
		if err := call.Authorize(signingName+":"+call.Operation, p.ARN()); err != nil {
			return nil, err
		}
	}
	if !ok || (call.Region != "" && call.Region != p.region) {
		return nil, wire.Errorf("ResourceNotFoundException", "User pool %s does not exist.", id)
	}
	return p, nil
}

// bind makes an operation of a typed function: decode, check, run.
func bind[In any](check func(*In, *checks), run func(*wire.Call, *In) (any, error)) func(*wire.Call) (any, error) {
	return func(call *wire.Call) (any, error) {
		in := new(In)
		if err := call.Decode(in); err != nil {
			return nil, err
		}
		var k checks
		check(in, &k)
		if err := k.err(); err != nil {
			return nil, err
		}
		return run(call, in)
	}
}

// none is the reply of operations that return an empty object.
type none struct{}

// stamp is a time as JSON 1.1 writes it: seconds since 1970 with milliseconds.
type stamp int64 // nanoseconds since 1970

// MarshalJSON writes 1700000000.123.
func (s stamp) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(int64(s)/int64(time.Millisecond)) / 1000)
}
