// Package sandbox is the stand-in for AWS that demo, tests and benchmarks run
// against: SQS, Cognito user pools, Service Quotas, STS and SES's account
// quotas, on one port, on the real wire protocols. It imports nothing of
// Relock's own code, or the tests would confirm themselves.
//
// docs/sandbox.md is its manual.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"relock/internal/sandbox/account"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/iam"
	"relock/internal/sandbox/inspect"
	"relock/internal/sandbox/sqs"
	"relock/internal/sandbox/wire"
)

// The key pair that the sandbox knows from the start. Any other access key is
// accepted too, unless Config.KnownKeysOnly is set, but only the signatures of
// known keys are verified.
const (
	DemoAccessKeyID     = wire.DemoAccessKeyID
	DemoSecretAccessKey = wire.DemoSecretAccessKey
)

// Config is what a Server needs to know. The zero value works.
type Config struct {
	// AccountID is the one account; empty is 123456789012.
	AccountID string
	// Region is the Region of the queues; empty is eu-west-1.
	Region string
	// Regions are further ones in which calls are accepted.
	Regions []string
	// Now is the clock; nil is time.Now. Waiting (long polls, latencies) uses
	// package time, so a test wants a synctest bubble rather than a clock here.
	Now func() time.Time
	// Seed makes faults and IDs repeatable; 0 is random IDs, and faults of seed 0.
	Seed uint64
	// Keys are further access keys that the server knows.
	Keys map[string]wire.Key
	// KnownKeysOnly refuses all others with UnrecognizedClientException.
	KnownKeysOnly bool
	// AnyTime accepts signatures of any time.
	AnyTime bool
	// Faults are in force from the start.
	Faults []fault.Rule
	// Authorize is the policy; nil allows everything.
	Authorize func(caller wire.Caller, action, resource string) *wire.Error
	// Guard, where set and Authorize is not, knows the policies of access keys.
	Guard *iam.Guard
	// SQS are the switches of the queues.
	SQS sqs.Config
	// Cognito are the switches and quotas of the user pools; the server fills in
	// account, clock and faults.
	Cognito cognito.Config
	// Account is what Service Quotas and SES say; the server fills in account,
	// Region and the user pools' quotas.
	Account account.Config
	// KeepCalls is how many calls the log keeps in memory; 0 is 131,072.
	KeepCalls int
	// LogTo, where set, gets every call as a JSON line.
	LogTo io.Writer
}

// Server is all services behind one http.Handler. All methods may be called
// concurrently.
type Server struct {
	wire    *wire.Server
	sqs     *sqs.Service
	cognito *cognito.Cognito
	account *account.Account
	faults  *fault.Injector
	log     *inspect.Log

	mu     sync.Mutex
	http   *http.Server
	url    string
	served chan error
	endAll context.CancelFunc // ends long polls
}

// New makes a server that does not listen yet.
func New(cfg Config) (*Server, error) {
	s := &Server{
		faults: fault.New(cfg.Seed),
		log:    inspect.New(inspect.Config{Keep: cfg.KeepCalls, Stream: cfg.LogTo}),
	}
	if err := s.faults.Set(cfg.Faults...); err != nil {
		return nil, err
	}
	if cfg.Authorize == nil && cfg.Guard != nil {
		cfg.Authorize = guarded(cfg.Guard)
	}
	s.wire = wire.NewServer(wire.Config{
		AccountID: cfg.AccountID, Region: cfg.Region, Regions: cfg.Regions, Now: cfg.Now, Seed: cfg.Seed,
		Keys: cfg.Keys, KnownKeysOnly: cfg.KnownKeysOnly, AnyTime: cfg.AnyTime,
		Faults: s.faults, Authorize: cfg.Authorize, Observe: s.log.Add,
	})
	s.sqs = sqs.New(cfg.SQS, s.wire, s.faults)
	s.wire.Register(s.sqs.Wire())
	s.wire.Register(s.sqs.Query())

	cfg.Cognito.AccountID, cfg.Cognito.Now, cfg.Cognito.Faults = s.wire.Account(), s.wire.Now, s.faults
	s.cognito = cognito.New(cfg.Cognito)
	s.register(s.cognito.Service())

	cfg.Account.AccountID, cfg.Account.Region, cfg.Account.Rate = s.wire.Account(), s.wire.Region(), s.cognito.AppliedRate
	s.account = account.New(cfg.Account)
	for _, svc := range s.account.Services() {
		s.register(svc)
	}
	s.mountInspection()
	return s, nil
}

func (s *Server) register(svc wire.Service) { s.wire.Register(&svc) }

// Cognito is the user pools.
func (s *Server) Cognito() *cognito.Cognito { return s.cognito }

// Account is STS, Service Quotas and SES's account quotas.
func (s *Server) Account() *account.Account { return s.account }

// SQS is the queues.
func (s *Server) SQS() *sqs.Service { return s.sqs }

// Faults decides what goes wrong.
func (s *Server) Faults() *fault.Injector { return s.faults }

// Log is what happened.
func (s *Server) Log() *inspect.Log { return s.log }

// SetKey adds or replaces an access key, for example to let it expire.
func (s *Server) SetKey(id string, key wire.Key) { s.wire.SetKey(id, key) }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.wire.ServeHTTP(w, r) }

// Reset deletes queues, pools and users, forgets the log and ends all faults.
// Access keys stay.
func (s *Server) Reset() {
	s.faults.Clear()
	s.sqs.Reset()
	s.cognito.Reset()
	s.account.Reset()
	s.log.Reset()
}

// Start listens on addr, for example "127.0.0.1:0", and serves until Close. It
// returns the URL. The address has to be loopback's: the sandbox believes
// anybody.
func (s *Server) Start(addr string) (string, error) {
	ln, err := listen(addr)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		_ = ln.Close()
		return "", errors.New("the sandbox listens already")
	}
	base, cancel := context.WithCancel(context.Background())
	s.endAll = cancel
	s.http = &http.Server{
		BaseContext:       func(net.Listener) context.Context { return base },
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
	}
	s.url = "http://" + ln.Addr().String()
	s.served = make(chan error, 1)
	go func(srv *http.Server, served chan<- error) { served <- srv.Serve(ln) }(s.http, s.served)
	return s.url, nil
}

// CheckAddress says why Start would not listen on addr, without trying.
func CheckAddress(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("listening on %q: write HOST:PORT, for example 127.0.0.1:0", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("listening on %q: the sandbox accepts any caller, so it listens on loopback only; use 127.0.0.1", addr)
	}
	return nil
}

func listen(addr string) (net.Listener, error) {
	if err := CheckAddress(addr); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() { // localhost may be anything
		_ = ln.Close()
		return nil, fmt.Errorf("listening on %q: it is not a loopback address; use 127.0.0.1", addr)
	}
	return ln, nil
}

// URL is where the server listens; "" before Start.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// Close stops serving: long polls come back empty, calls that hang are cut off,
// all others have until ctx ends. It writes out the log.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	srv, served := s.http, s.served
	s.mu.Unlock()
	s.wire.Close()
	var errs []error
	if srv != nil {
		s.endAll()
		if err := srv.Shutdown(ctx); err != nil {
			_ = srv.Close()
			if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
				errs = append(errs, fmt.Errorf("stopping: %w", err))
			}
		}
		if err := <-served; err != nil && !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, fmt.Errorf("serving: %w", err))
		}
		served <- http.ErrServerClosed // for a second Close
	}
	if err := s.log.Flush(); err != nil {
		errs = append(errs, fmt.Errorf("writing the log: %w", err))
	}
	return errors.Join(errs...)
}
