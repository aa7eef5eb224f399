package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"relock/internal/sandbox/fault"
)

// Config is what a Server needs to know. The zero value works.
type Config struct {
	// AccountID is the one account; empty is 123456789012.
	AccountID string
	// Region is the Region; empty is eu-west-1. Calls without a signature are its.
	Region string
	// Regions are further ones whose credential scopes are accepted.
	Regions []string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Seed makes request IDs (and, by NewID, others) repeatable; 0 is random.
	Seed uint64
	// Keys are access keys that the server knows, beside the demo's.
	Keys map[string]Key
	// KnownKeysOnly refuses every other key; else any key is accepted, unverified.
	KnownKeysOnly bool
	// AnyTime accepts signatures of any time, for clients with another clock.
	AnyTime bool
	// MaxBody is the longest request body in bytes; 0 is 8 MiB: 1 MiB of
	// message, every character of it escaped.
	MaxBody int64
	// Faults decides what goes wrong; nil is nothing.
	Faults *fault.Injector
	// Authorize is the policy that services ask; nil allows everything.
	Authorize func(caller Caller, action, resource string) *Error
	// Observe is told of every call after its reply is decided, before it is
	// sent; nil is nobody. It is called concurrently and must be quick.
	Observe func(Record)
}

// Record is what became of one call.
type Record struct {
	At          time.Time
	Took        time.Duration
	Service     string // "" if none was found
	Operation   string
	AccessKeyID string
	RequestID   string
	Note        string
	Category    string
	// Code is the error's code; "" is success.
	Code string
	// Status is the HTTP status that was, or would have been, sent.
	Status int
	// Throttled says that the caller was too fast.
	Throttled bool
	// Dropped says that the client never got the reply.
	Dropped bool
}

// Server finds the service for each request, checks the signature, applies the
// faults and writes replies. All methods may be called concurrently; services
// are registered before the first request.
type Server struct {
	cfg      Config
	keys     *keyring
	byTarget map[string]*Service // by TargetPrefix
	bySign   map[string]*Service // by SigningName; those with a Protocol
	mounts   map[string]http.Handler
	ids      atomic.Uint64
	salt     uint64
	stop     context.Context // ends hanging calls
	halt     context.CancelFunc
}

// NewServer makes a server without services.
func NewServer(cfg Config) *Server {
	if cfg.AccountID == "" {
		cfg.AccountID = "123456789012"
	}
	if cfg.Region == "" {
		cfg.Region = "eu-west-1"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 8 << 20
	}
	s := &Server{
		cfg: cfg, keys: newKeyring(cfg.Keys, cfg.KnownKeysOnly),
		byTarget: map[string]*Service{}, bySign: map[string]*Service{}, mounts: map[string]http.Handler{},
		salt: cfg.Seed,
	}
	if s.salt == 0 {
		s.salt = rand.Uint64()
	}
	s.stop, s.halt = context.WithCancel(context.Background())
	return s
}

// Register adds a service.
func (s *Server) Register(svc *Service) {
	if svc.Protocol != nil {
		s.bySign[svc.SigningName] = svc
		return
	}
	s.byTarget[svc.TargetPrefix] = svc
}

// Mount serves /_sandbox/NAME and everything below it; the handler sees the
// path without /_sandbox/NAME. Needs no signature.
func (s *Server) Mount(name string, h http.Handler) {
	s.mounts[name] = http.StripPrefix("/_sandbox/"+name, h)
}

// SetKey adds or replaces an access key, for example to let it expire.
func (s *Server) SetKey(id string, key Key) { s.keys.set(id, key) }

// Account is the ID of the account that the server plays.
func (s *Server) Account() string { return s.cfg.AccountID }

// Region is the Region that the server plays.
func (s *Server) Region() string { return s.cfg.Region }

// Now is the server's clock.
func (s *Server) Now() time.Time { return s.cfg.Now() }

// Close ends calls that hang or are delayed, those that come later too.
func (s *Server) Close() { s.halt() }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/_sandbox/"); ok {
		s.serveMount(w, r, rest)
		return
	}
	c := &Call{server: s, HTTP: r, Region: s.cfg.Region, RequestID: s.NewID(), At: s.cfg.Now(), Endpoint: endpoint(r)}
	w.Header().Set("X-Amzn-Requestid", c.RequestID)
	body, tooLong, err := readBody(r, s.cfg.MaxBody)
	if err != nil {
		abort(w) // the client went away in the middle of its request
	}
	c.Body = body
	svc, handler, e := s.route(c, tooLong)
	p := svc.protocol()
	s.carryOut(w, c, svc, p, handler, e)
}

// carryOut applies the faults around the call and writes the reply.
func (s *Server) carryOut(w http.ResponseWriter, c *Call, svc *Service, p Protocol, handler Handler, e *Error) {
	f := s.cfg.Faults
	var result any
	var late time.Duration
	fate := reply
	if e == nil {
		delay := f.Delay(c.Service, c.Operation)
		late = delay / 2
		if delay > 0 {
			s.sleep(delay - late)
			c.At = s.cfg.Now()
		}
		e, fate = before(f, svc, c)
	}
	if e == nil && fate == reply {
		result, e = run(handler, c)
		if c.DropReply {
			fate = reset
		} else {
			e, fate = after(f, svc, c, e)
		}
	}
	s.sleep(late)
	if s.cfg.Observe != nil {
		s.observe(c, svc, e, fate)
	}
	switch {
	case fate == hang:
		select {
		case <-c.HTTP.Context().Done():
		case <-s.stop.Done():
		}
		abort(w)
	case fate == reset:
		hardReset(w)
	case e != nil:
		p.Error(w, c, e)
	default:
		p.Result(w, c, result)
	}
}

// sleep waits whether or not the client does: a request that is under way
// arrives even if its sender has gone.
func (s *Server) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.stop.Done():
	}
}

func run(h Handler, c *Call) (any, *Error) {
	result, err := h(c.HTTP.Context(), c)
	if err == nil {
		return result, nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return nil, e
	}
	return nil, &Error{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error, exception or failure.", Status: http.StatusInternalServerError}
}

func (s *Server) observe(c *Call, svc *Service, e *Error, fate fate) {
	r := Record{
		At: c.At, Took: s.cfg.Now().Sub(c.At), Service: c.Service, Operation: c.Operation,
		AccessKeyID: c.Caller.AccessKeyID, RequestID: c.RequestID, Note: c.Note, Category: c.Category,
		Status: http.StatusOK, Dropped: fate != reply || c.HTTP.Context().Err() != nil,
	}
	if e != nil {
		r.Code, r.Status = e.Code, e.HTTPStatus()
		r.Throttled = e.Code == svc.throttleError().Code
	}
	s.cfg.Observe(r)
}

// route finds service and operation and checks the signature. It always
// returns a service, so that the error can be written in its protocol.
func (s *Server) route(c *Call, tooLong bool) (*Service, Handler, *Error) {
	r := c.HTTP
	svc := &Service{JSONVersion: "1.0"}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, op, _ := strings.Cut(target, ".")
		found, ok := s.byTarget[prefix]
		if !ok || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-json-1.") {
			return svc, nil, unknownOperation(svc, op)
		}
		svc, c.Operation = found, op
	} else {
		sig, e := parseSignature(r.Header.Get("Authorization"))
		if e != nil {
			if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
				svc.Protocol = QueryXML{Namespace: faultNamespace}
			}
			return svc, nil, svc.auth(e)
		}
		found, ok := s.bySign[sig.service]
		if !ok {
			return svc, nil, unknownOperation(svc, "")
		}
		svc, c.Operation = found, found.Protocol.Operation(r, c.Body)
	}
	c.Service = svc.SigningName
	if tooLong {
		return svc, nil, &Error{Code: "RequestEntityTooLargeException", Message: fmt.Sprintf("The request body is longer than %d bytes.", s.cfg.MaxBody), Status: http.StatusRequestEntityTooLarge}
	}
	if !slices.Contains(svc.Unsigned, c.Operation) {
		caller, region, e := s.authenticate(r, c.Body, svc.SigningName, c.At)
		c.Caller = caller
		if e != nil {
			return svc, nil, svc.auth(e)
		}
		c.Region = region
	}
	h, ok := svc.Operations[c.Operation]
	if !ok {
		return svc, nil, unknownOperation(svc, c.Operation)
	}
	return svc, h, nil
}

func (s *Server) serveMount(w http.ResponseWriter, r *http.Request, rest string) {
	// A page in a browser must not reach the inspection of a developer's machine.
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		http.Error(w, "the sandbox's inspection is not for web pages", http.StatusForbidden)
		return
	}
	if rest == "" {
		for _, name := range slices.Sorted(maps.Keys(s.mounts)) {
			_, _ = fmt.Fprintln(w, name) // the reader may be gone; that is its affair
		}
		return
	}
	name, _, _ := strings.Cut(rest, "/")
	h, ok := s.mounts[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}
