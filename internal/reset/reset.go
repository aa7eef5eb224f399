// Package reset makes every call to Cognito that is about a user, and classifies the
// answers in one table. It makes each call once: trying again is the worker's, so that every
// attempt takes a token.
package reset

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go/middleware"

	"relock/internal/job"
)

// Cognito is what Client needs of *cognitoidentityprovider.Client, which has to
// make each call once (aws.NopRetryer).
type Cognito interface {
	AdminResetUserPassword(context.Context, *cip.AdminResetUserPasswordInput, ...func(*cip.Options)) (*cip.AdminResetUserPasswordOutput, error)
	AdminGetUser(context.Context, *cip.AdminGetUserInput, ...func(*cip.Options)) (*cip.AdminGetUserOutput, error)
	AdminUserGlobalSignOut(context.Context, *cip.AdminUserGlobalSignOutInput, ...func(*cip.Options)) (*cip.AdminUserGlobalSignOutOutput, error)
}

var _ Cognito = (*cip.Client)(nil)

// The operations, as metrics name them.
const (
	OpReset   = "AdminResetUserPassword"
	OpGetUser = "AdminGetUser"
	OpSignOut = "AdminUserGlobalSignOut"
)

// Operations lists the operations that Client calls.
func Operations() []string { return []string{OpReset, OpGetUser, OpSignOut} }

// Reply is the classified answer to a call.
type Reply struct {
	Class Class
	// Outcome is what to record: for Done and Failed now; for Later and TryAgain
	// once the tries are spent. Not for SignOut, which changes no outcome.
	Outcome job.Outcome
	// Halt is why to stop, for Halt; for TryAgain once the tries are spent, or
	// empty.
	Halt job.HaltReason
	// InDoubt says that the call may have taken effect though no answer says so.
	InDoubt bool
	// Sent is whether anything reached the network, Written whether all of the
	// request did: a server does not act on a part of it.
	Sent, Written bool
	// Code is AWS's error code; empty for a success or where there was no answer.
	Code string
	// Skew, where Halt is clock_skew, is how far our clock is ahead of AWS's; 0 if
	// that is not known.
	Skew time.Duration
	// Note is our own words for the record.
	Note string
	// RequestID is AWS's ID of the call; empty where there was no answer.
	RequestID string
	// Err is the error as it came. Its text may hold personal data: not for logs.
	Err error
}

// Client calls Cognito. All methods may be called concurrently.
type Client struct {
	api     Cognito
	timeout time.Duration
	observe Observer
}

// Observer is told of every call: operation, AWS's code ("OK" for a success,
// "no_answer" where there was none), and how long it took.
type Observer func(operation, code string, took time.Duration)

// New makes a client. timeout bounds each call and has to end before the lease
// of the claim that covers it. observe may be nil.
func New(api Cognito, timeout time.Duration, observe Observer) *Client {
	if observe == nil {
		observe = func(string, string, time.Duration) {}
	}
	return &Client{api: api, timeout: timeout, observe: observe}
}

// Codes beside AWS's own that an Observer hears.
const (
	CodeOK       = "OK"
	CodeNoAnswer = "no_answer"
)

// Reset resets the password of one user. Source for what it does:
// API_AdminResetUserPassword in the Amazon Cognito user pools API reference.
func (c *Client) Reset(ctx context.Context, pool string, name job.Username, metadata map[string]string) Reply {
	return c.call(ctx, OpReset, func(ctx context.Context) (middleware.Metadata, error) {
		out, err := c.api.AdminResetUserPassword(ctx, &cip.AdminResetUserPasswordInput{
			UserPoolId: &pool, Username: new(string(name)), ClientMetadata: metadata,
		})
		if err != nil {
			return middleware.Metadata{}, err
		}
		return out.ResultMetadata, nil
	})
}

// NeedsReset is the status of a user whose password has been reset and not yet
// chosen anew.
const NeedsReset = string(types.UserStatusTypeResetRequired)

// Status asks for the status of one user, as Cognito writes it. AdminGetUser is
// asked and not ListUsers, which is eventually consistent. The status is empty
// unless the reply is Done.
func (c *Client) Status(ctx context.Context, pool string, name job.Username) (string, Reply) {
	var status string
	r := c.call(ctx, OpGetUser, func(ctx context.Context) (middleware.Metadata, error) {
		out, err := c.api.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &pool, Username: new(string(name))})
		if err != nil {
			return middleware.Metadata{}, err
		}
		status = string(out.UserStatus)
		return out.ResultMetadata, nil
	})
	return status, r
}

// SignOut ends the sessions of one user: Cognito refuses the refresh tokens, and
// the access tokens where it is asked itself. A token that is verified elsewhere is
// accepted until it expires, and the cookie of the hosted pages stays. Once more is
// harmless, so a reply that is lost leaves no doubt worth a look-up. Source:
// API_AdminUserGlobalSignOut in the Amazon Cognito user pools API reference.
func (c *Client) SignOut(ctx context.Context, pool string, name job.Username) Reply {
	r := c.call(ctx, OpSignOut, func(ctx context.Context) (middleware.Metadata, error) {
		out, err := c.api.AdminUserGlobalSignOut(ctx, &cip.AdminUserGlobalSignOutInput{UserPoolId: &pool, Username: new(string(name))})
		if err != nil {
			return middleware.Metadata{}, err
		}
		return out.ResultMetadata, nil
	})
	r.Outcome = ""
	return r
}

// Check resets a random name that cannot exist and expects UserNotFound:
// permission, pool and network in one call, and nobody is reset. The reply is Done
// if Cognito answered so.
func (c *Client) Check(ctx context.Context, pool string) Reply {
	r := c.Reset(ctx, pool, job.Username("relock-check-"+rand.Text()), nil)
	if r.Outcome == job.UserNotFound {
		return Reply{Class: Done, Code: r.Code, RequestID: r.RequestID, Sent: true}
	}
	if r.Class == Done {
		r.Class, r.Err = Failed, errExists
	}
	return r
}

var errExists = errors.New("the pool has a user of a random name: it is not a Cognito user pool")

// call makes one call and classifies what came of it.
func (c *Client) call(ctx context.Context, op string, do func(context.Context) (middleware.Metadata, error)) Reply {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// Until the headers are on the connection, nothing can have taken effect.
	var sent, written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
		WroteRequest: func(i httptrace.WroteRequestInfo) { written.Store(written.Load() || i.Err == nil) },
	})

	begun := time.Now()
	meta, err := do(ctx)
	took := time.Since(begun)
	if err == nil {
		c.observe(op, CodeOK, took)
		id, _ := awsmiddleware.GetRequestIDMetadata(meta)
		return Reply{Class: Done, Outcome: job.Reset, RequestID: id, Sent: true, Written: true}
	}
	r := failure(op, err, sent.Load())
	r.Written = written.Load()
	if r.Code == "" {
		c.observe(op, CodeNoAnswer, took)
	} else {
		c.observe(op, r.Code, took)
	}
	return r
}

// failure turns the error of a call into a reply.
func failure(op string, err error, sent bool) Reply {
	code, rule := classify(op, err)
	if unsigned(err, sent) {
		r := Reply{Class: Halt, Halt: job.HaltCredentials, Err: err}
		if rule.halt == job.HaltClockSkew { // it kept a role from being assumed
			r.Halt, r.Code, r.Skew = rule.halt, code, skewOf(err)
		}
		return r
	}
	r := Reply{
		Class: rule.class, Outcome: rule.outcome, Halt: rule.halt, Note: rule.note,
		Code: code, Sent: sent, Err: err,
		InDoubt: sent && rule.class == TryAgain,
	}
	if rule.halt == job.HaltClockSkew {
		r.Skew = skewOf(err)
	}
	if res, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		r.RequestID = res.ServiceRequestID()
	}
	return r
}
