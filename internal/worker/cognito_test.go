package worker

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"relock/internal/reset"
)

// cognito is a user pool in memory, below the real reset.Client, that answers as
// it is told. Its methods may be called concurrently.
type cognito struct {
	latency time.Duration

	mu    sync.Mutex
	users map[string]*user
	calls []call
	// fault decides what goes wrong; n counts the calls of the operation for the
	// user from 1. Nil is nothing.
	fault func(op, name string, n int) fault
}

// user is one user: the error that a reset gets, or none, and what became of it.
type user struct {
	refuse error
	status string
	resets []time.Time
	// signOuts are the accepted ones.
	signOuts []time.Time
	meta     map[string]string
	count    map[string]int
}

// call is one call as it arrived.
type call struct {
	op, name string
	at       time.Time
}

// fault is what goes wrong with one call.
type fault struct {
	err    error         // instead of the answer
	effect bool          // the call takes effect all the same
	unsent bool          // nothing reaches the network
	hang   bool          // no answer ever
	delay  time.Duration // a longer latency
}

var _ reset.Cognito = (*cognito)(nil)

func newCognito() *cognito {
	return &cognito{latency: 30 * time.Millisecond, users: make(map[string]*user)}
}

// add adds users that can be reset.
func (c *cognito) add(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range names {
		c.users[n] = &user{status: "CONFIRMED", count: map[string]int{}}
	}
}

func (c *cognito) setFault(f func(op, name string, n int) fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = f
}

// resets is how often each user was reset; those never reset are left out.
func (c *cognito) resets() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := map[string]int{}
	for n, u := range c.users {
		if len(u.resets) > 0 {
			m[n] = len(u.resets)
		}
	}
	return m
}

// made lists the calls of an operation, without those of checks.
func (c *cognito) made(op string) []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []call
	for _, k := range c.calls {
		if k.op == op && !strings.HasPrefix(k.name, "relock-check-") {
			list = append(list, k)
		}
	}
	return list
}

// checks counts the harmless calls of probes.
func (c *cognito) checks() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.calls {
		if strings.HasPrefix(k.name, "relock-check-") {
			n++
		}
	}
	return n
}

// serve makes a call: f is its effect, under the lock.
func (c *cognito) serve(ctx context.Context, op, name string, f func(*user) error) error {
	c.mu.Lock()
	c.calls = append(c.calls, call{op, name, time.Now()})
	u, n := c.users[name], 0
	if u != nil {
		u.count[op]++
		n = u.count[op]
	}
	var wrong fault
	if c.fault != nil {
		wrong = c.fault(op, name, n)
	}
	c.mu.Unlock()

	if !wrong.unsent {
		if tr := httptrace.ContextClientTrace(ctx); tr != nil && tr.WroteHeaders != nil {
			tr.WroteHeaders()
			tr.WroteRequest(httptrace.WroteRequestInfo{})
		}
	}
	answer := func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if wrong.err != nil && !wrong.effect || wrong.unsent {
			return wrong.err
		}
		err := error(apiError("UserNotFoundException", "User does not exist."))
		if u != nil {
			err = f(u)
		}
		if wrong.err != nil {
			return wrong.err
		}
		return err
	}
	if wrong.hang {
		if wrong.effect {
			_ = answer()
		}
		<-ctx.Done()
		return ctx.Err()
	}
	t := time.NewTimer(c.latency + wrong.delay)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return answer()
	}
}

func (c *cognito) AdminResetUserPassword(ctx context.Context, in *cip.AdminResetUserPasswordInput, _ ...func(*cip.Options)) (*cip.AdminResetUserPasswordOutput, error) {
	err := c.serve(ctx, reset.OpReset, *in.Username, func(u *user) error {
		if u.refuse != nil {
			return u.refuse
		}
		u.status, u.meta = reset.NeedsReset, in.ClientMetadata
		u.resets = append(u.resets, time.Now())
		return nil
	})
	return &cip.AdminResetUserPasswordOutput{}, err
}

func (c *cognito) AdminGetUser(ctx context.Context, in *cip.AdminGetUserInput, _ ...func(*cip.Options)) (*cip.AdminGetUserOutput, error) {
	out := &cip.AdminGetUserOutput{}
	err := c.serve(ctx, reset.OpGetUser, *in.Username, func(u *user) error {
		out.UserStatus = types.UserStatusType(u.status)
		return nil
	})
	return out, err
}

func (c *cognito) AdminUserGlobalSignOut(ctx context.Context, in *cip.AdminUserGlobalSignOutInput, _ ...func(*cip.Options)) (*cip.AdminUserGlobalSignOutOutput, error) {
	err := c.serve(ctx, reset.OpSignOut, *in.Username, func(u *user) error {
		u.signOuts = append(u.signOuts, time.Now())
		return nil
	})
	return &cip.AdminUserGlobalSignOutOutput{}, err
}

// apiError is AWS's error as the SDK returns it.
func apiError(code, text string) error {
	return &smithy.OperationError{ServiceID: "Cognito Identity Provider", OperationName: "AdminResetUserPassword", Err: &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusBadRequest}},
			Err:      &smithy.GenericAPIError{Code: code, Message: text},
		},
		RequestID: "req-" + code,
	}}
}

// Errors that are used often.
var (
	errThrottled = apiError("TooManyRequestsException", "Rate exceeded")
	errInternal  = apiError("InternalErrorException", "Internal error")
	errExpired   = apiError("ExpiredTokenException", "The security token included in the request is expired")
	errLost      = &smithyhttp.RequestSendError{Err: fmt.Errorf("read: connection reset by peer")}
	errRefused   = &smithyhttp.RequestSendError{Err: fmt.Errorf("dial tcp: connection refused")}
)
