package reset

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go/middleware"

	"relock/internal/job"
	"relock/internal/pace"
)

// Lister is what Directory needs of *cognitoidentityprovider.Client, which has to
// make each call once (aws.NopRetryer).
type Lister interface {
	ListUsers(context.Context, *cip.ListUsersInput, ...func(*cip.Options)) (*cip.ListUsersOutput, error)
	ListUsersInGroup(context.Context, *cip.ListUsersInGroupInput, ...func(*cip.Options)) (*cip.ListUsersInGroupOutput, error)
	AdminGetUser(context.Context, *cip.AdminGetUserInput, ...func(*cip.Options)) (*cip.AdminGetUserOutput, error)
}

var _ Lister = (*cip.Client)(nil)

// The operations that Directory calls beside OpGetUser.
const (
	OpList        = "ListUsers"
	OpListInGroup = "ListUsersInGroup"
)

// User is a user as the pool knows them. Fields are empty where there is nothing.
type User struct {
	Username                     job.Username
	Sub, Email, Phone, Preferred job.Username
	EmailVerified, PhoneVerified bool
	// Status is the account's, as Cognito writes it: CONFIRMED. Enabled is apart
	// from it.
	Status  string
	Enabled bool
}

// DirectoryConfig says which pool to read and how fast. API, Pool, List and Read
// are required.
type DirectoryConfig struct {
	API  Lister
	Pool string
	// FoldCase says that the pool ignores the case of usernames.
	FoldCase bool
	// List paces ListUsers and ListUsersInGroup (pace.UserList), Read paces
	// AdminGetUser (pace.UserRead): each attempt of a call takes a token.
	List, Read *pace.Pacer
	// Timeout bounds each attempt. Defaults to 20 seconds.
	Timeout time.Duration
	// Tries is how often a call is made that nobody answers, or that is answered
	// with an internal error. A throttle is not a try. Defaults to 6.
	Tries int
	// Observe may be nil.
	Observe Observer
}

// Directory reads the users of one pool. Its methods may be called concurrently.
type Directory struct {
	cfg   DirectoryConfig
	calls *Client // for its call alone
}

// NewDirectory makes a Directory.
func NewDirectory(cfg DirectoryConfig) *Directory {
	if cfg.Timeout == 0 {
		cfg.Timeout = 20 * time.Second
	}
	if cfg.Tries == 0 {
		cfg.Tries = 6
	}
	return &Directory{cfg: cfg, calls: New(nil, cfg.Timeout, cfg.Observe)}
}

// Get asks AdminGetUser for the user whom a reset of this name would reset: by
// username, by alias, or by sub. It is up to date, and it may bill the user as
// active in this month, which a listing does not. False if there is none.
func (d *Directory) Get(ctx context.Context, name job.Username) (User, bool, error) {
	var u User
	err := d.do(ctx, OpGetUser, d.cfg.Read, func(ctx context.Context) (middleware.Metadata, error) {
		out, err := d.cfg.API.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &d.cfg.Pool, Username: new(string(name))})
		if err != nil {
			return middleware.Metadata{}, err
		}
		u = newUser(out.Username, out.UserAttributes, out.UserStatus, out.Enabled)
		return out.ResultMetadata, nil
	})
	if e, ok := errors.AsType[*CallError](err); ok && e.Reply.Class == Failed && gone(e.Reply.Outcome) {
		return User{}, false, nil
	}
	return u, err == nil, err
}

// gone reports whether an outcome of a look-up says that the pool has no user of
// that name.
func gone(o job.Outcome) bool { return o == job.UserNotFound || o == job.InvalidUsername }

// CallError is a call that failed for good. Its text holds no personal data:
// AWS's own message is in Reply.Err.
type CallError struct {
	Op    string
	Reply Reply
}

func (e *CallError) Error() string {
	if e.Reply.Code == "" {
		return fmt.Sprintf("%s: Cognito did not answer: %v", e.Op, e.Reply.Err)
	}
	remedy := ""
	switch {
	case e.noGroup():
		remedy = "; the pool has no such group"
	case e.Reply.Halt == job.HaltAccessDenied:
		remedy = "; allow cognito-idp:" + e.Op + " on the user pool"
	case e.Reply.Halt == job.HaltCredentials, e.Reply.Halt == job.HaltClockSkew, e.Reply.Halt == job.HaltUnsupported:
		remedy = "; " + e.Reply.Cause().Fix()
	case e.Reply.Halt == job.HaltPoolNotFound:
		remedy = "; there is no such user pool in this account and Region"
	case e.Reply.Halt == job.HaltOperationNotEnabled:
		remedy = "; the operation is not available for this pool in this Region"
	}
	return e.Op + ": Cognito answered " + e.Reply.Code + remedy
}

// Unwrap returns what kept a call from being answered. The answers of AWS are not
// handed out: they may hold usernames.
func (e *CallError) Unwrap() error {
	if e.Reply.Code == "" {
		return e.Reply.Err
	}
	return nil
}

// noGroup tells a group that is not there from a pool that is not.
func (e *CallError) noGroup() bool {
	return e.Op == OpListInGroup && e.Reply.Code == "ResourceNotFoundException" &&
		e.Reply.Err != nil && !strings.Contains(strings.ToLower(e.Reply.Err.Error()), "user pool ")
}

// Bounds of the wait before a call is made again.
const (
	minBackoff = 250 * time.Millisecond
	maxBackoff = 20 * time.Second
)

// do makes a call until it is answered: each attempt takes a token, a throttle
// waits for the pace, a failure on the way is tried again. The error is a
// *CallError, or the context's cause.
func (d *Directory) do(ctx context.Context, op string, p *pace.Pacer, f func(context.Context) (middleware.Metadata, error)) error {
	for try := 1; ; {
		if err := p.Wait(ctx); err != nil {
			return err
		}
		call := p.Begin()
		r := d.calls.call(ctx, op, f)
		switch r.Class {
		case Done:
			call.Done(pace.OK)
			return nil
		case SlowDown:
			call.Done(pace.Throttled)
			continue
		case TryAgain:
			call.Done(pace.Other)
		default:
			call.Done(pace.OK)
			return &CallError{Op: op, Reply: r}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if try == d.cfg.Tries {
			return &CallError{Op: op, Reply: r}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pace.Backoff(try, minBackoff, maxBackoff)):
		}
		try++
	}
}

func newUser(name *string, attributes []types.AttributeType, status types.UserStatusType, enabled bool) User {
	u := User{Status: string(status), Enabled: enabled}
	if name != nil {
		u.Username = job.Username(*name)
	}
	for _, a := range attributes {
		if a.Name == nil || a.Value == nil {
			continue
		}
		switch v := *a.Value; *a.Name {
		case "sub":
			u.Sub = job.Username(v)
		case "email":
			u.Email = job.Username(v)
		case "phone_number":
			u.Phone = job.Username(v)
		case "preferred_username":
			u.Preferred = job.Username(v)
		case "email_verified":
			u.EmailVerified = v == "true"
		case "phone_number_verified":
			u.PhoneVerified = v == "true"
		}
	}
	return u
}

// attribute is the user's value of an attribute that Find looks up.
func (u User) attribute(by Attribute) job.Username {
	switch by {
	case ByUsername:
		return u.Username
	case ByEmail:
		return u.Email
	case ByPhone:
		return u.Phone
	case ByPreferred:
		return u.Preferred
	case BySub:
		return u.Sub
	default:
		panic(fmt.Sprintf("reset: look-up by %s", by))
	}
}
