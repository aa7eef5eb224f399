package reset

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go/middleware"

	"relock/internal/job"
)

// PageSize is how many users a page of a listing has at most (API_ListUsers,
// Limit).
const PageSize = 60

// Selection says which users to list. The zero Selection is all of the pool's.
type Selection struct {
	// Filter is a filter of ListUsers, as Exactly and CheckFilter give it.
	Filter string
	// Group lists the members of a group instead; Filter has to be empty.
	Group string
}

// errLoop is a server that would keep us listing for ever.
var errLoop = errors.New("the listing came back to a page that it had already shown; try again")

// Pages lists users, a page of at most PageSize and perhaps of none at a time,
// until there are no more or the first error: a *CallError, or the context's. A
// page takes a token of the pace, and each new attempt of a page another. Both
// operations are eventually consistent: who changed a moment ago may be shown as
// before, or not at all. Each call begins anew.
func (d *Directory) Pages(ctx context.Context, s Selection) iter.Seq2[[]User, error] {
	return func(yield func([]User, error) bool) {
		var token *string
		for {
			users, next, err := d.page(ctx, s, token)
			if err == nil && next != nil && token != nil && *next == *token {
				err = errLoop
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(users, nil) || next == nil {
				return
			}
			token = next
		}
	}
}

// page asks for one page. AttributesToGet is left out: with an attribute that a
// user has no value for, the call fails (API_ListUsers).
func (d *Directory) page(ctx context.Context, s Selection, token *string) (users []User, next *string, err error) {
	op, call := OpList, d.listUsers
	if s.Group != "" {
		op, call = OpListInGroup, d.listGroup
	}
	var found []types.UserType
	err = d.do(ctx, op, d.cfg.List, func(ctx context.Context) (meta middleware.Metadata, err error) {
		found, next, meta, err = call(ctx, s, token)
		return meta, err
	})
	if err != nil {
		return nil, nil, err
	}
	users = make([]User, len(found))
	for i, u := range found {
		users[i] = newUser(u.Username, u.Attributes, u.UserStatus, u.Enabled)
	}
	if next != nil && *next == "" {
		next = nil
	}
	return users, next, nil
}

func (d *Directory) listUsers(ctx context.Context, s Selection, token *string) ([]types.UserType, *string, middleware.Metadata, error) {
	in := &cip.ListUsersInput{UserPoolId: &d.cfg.Pool, Limit: new(int32(PageSize)), PaginationToken: token}
	if s.Filter != "" {
		in.Filter = &s.Filter
	}
	out, err := d.cfg.API.ListUsers(ctx, in)
	if err != nil {
		return nil, nil, middleware.Metadata{}, err
	}
	return out.Users, out.PaginationToken, out.ResultMetadata, nil
}

func (d *Directory) listGroup(ctx context.Context, s Selection, token *string) ([]types.UserType, *string, middleware.Metadata, error) {
	out, err := d.cfg.API.ListUsersInGroup(ctx, &cip.ListUsersInGroupInput{
		UserPoolId: &d.cfg.Pool, GroupName: &s.Group, Limit: new(int32(PageSize)), NextToken: token,
	})
	if err != nil {
		return nil, nil, middleware.Metadata{}, err
	}
	return out.Users, out.NextToken, out.ResultMetadata, nil
}

// Find lists the users whose attribute has exactly this value. What comes back is
// compared once more: a server that reads the filter otherwise than we mean it
// finds nobody, never somebody else. A value that no filter can express has no
// user (nil, nil). by is one of the attributes that can name a user: username,
// sub, email, phone_number, preferred_username.
func (d *Directory) Find(ctx context.Context, by Attribute, value job.Username) ([]User, error) {
	asked := value
	if by == BySub {
		asked = value.Fold() // as Cognito writes a sub
	}
	filter, err := Exactly(by, asked)
	if errors.Is(err, ErrFilterValue) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []User
	for users, err := range d.Pages(ctx, Selection{Filter: filter}) {
		if e, ok := errors.AsType[*CallError](err); ok && e.Reply.Code == "InvalidParameterException" && strings.Contains(string(value), `\`) {
			return nil, nil // a server that reads backslashes otherwise cannot be asked
		}
		if err != nil {
			return nil, fmt.Errorf("looking up a user by %s: %w", by, err)
		}
		for _, u := range users {
			if d.same(by, u.attribute(by), value) {
				found = append(found, u)
			}
		}
	}
	return found, nil
}

// same compares two values of an attribute. A sub is a UUID, whose case says
// nothing.
func (d *Directory) same(by Attribute, a, b job.Username) bool {
	if d.cfg.FoldCase || by == BySub {
		return a.Fold() == b.Fold()
	}
	return a == b
}

// Named lists every user who can be meant by a name in a list: whom a reset of
// that name would reset (Get), and those who have it as their e-mail address or
// phone number, though it may not be an alias of theirs; if that is nobody, those
// who have it as sub or preferred_username. So a name that two users share gives
// both.
func (d *Directory) Named(ctx context.Context, name job.Username) ([]User, error) {
	var found []User
	add := func(users ...User) {
		for _, u := range users {
			if !contains(found, u) {
				found = append(found, u)
			}
		}
	}
	u, ok, err := d.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	if ok {
		add(u)
	}
	for _, by := range looksLike(name) {
		users, err := d.Find(ctx, by, name)
		if err != nil {
			return nil, err
		}
		add(users...)
	}
	if len(found) > 0 {
		return found, nil
	}
	for _, by := range []Attribute{BySub, ByPreferred} {
		users, err := d.Find(ctx, by, name)
		if err != nil {
			return nil, err
		}
		add(users...)
	}
	return found, nil
}

// looksLike is the attributes that a value of this look is looked up by even if
// it is somebody's username.
func looksLike(name job.Username) []Attribute {
	switch {
	case strings.Contains(string(name), "@"):
		return []Attribute{ByEmail}
	case strings.HasPrefix(string(name), "+"):
		return []Attribute{ByPhone}
	default:
		return nil
	}
}

func contains(users []User, u User) bool {
	for _, have := range users {
		if have.Username == u.Username {
			return true
		}
	}
	return false
}
