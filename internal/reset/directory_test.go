package reset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/pace"
)

// book is a pool in memory that answers the first calls with errors.
type book struct {
	users  []types.UserType
	fail   []error
	calls  int
	at     []time.Time
	loop   bool
	filter []string
}

func (b *book) call() error {
	b.calls++
	b.at = append(b.at, time.Now())
	if len(b.fail) > 0 {
		err := b.fail[0]
		b.fail = b.fail[1:]
		return err
	}
	return nil
}

func (b *book) ListUsers(_ context.Context, in *cip.ListUsersInput, _ ...func(*cip.Options)) (*cip.ListUsersOutput, error) {
	if err := b.call(); err != nil {
		return nil, err
	}
	if in.Filter != nil {
		b.filter = append(b.filter, *in.Filter)
	}
	from := 0
	if in.PaginationToken != nil {
		if b.loop {
			return &cip.ListUsersOutput{PaginationToken: in.PaginationToken}, nil
		}
		if _, err := fmt.Sscan(*in.PaginationToken, &from); err != nil {
			return nil, err
		}
	}
	to := min(len(b.users), from+int(*in.Limit))
	out := &cip.ListUsersOutput{Users: b.users[from:to]}
	if to < len(b.users) || b.loop {
		out.PaginationToken = new(fmt.Sprint(to))
	}
	return out, nil
}

func (b *book) ListUsersInGroup(context.Context, *cip.ListUsersInGroupInput, ...func(*cip.Options)) (*cip.ListUsersInGroupOutput, error) {
	return nil, b.call()
}

func (b *book) AdminGetUser(context.Context, *cip.AdminGetUserInput, ...func(*cip.Options)) (*cip.AdminGetUserOutput, error) {
	return nil, b.call()
}

func named(n int) []types.UserType {
	users := make([]types.UserType, n)
	for i := range users {
		users[i].Username = new(fmt.Sprintf("user%03d", i))
	}
	return users
}

// directory reads a book at 10 pages a second.
func directory(t *testing.T, b *book) *Directory {
	t.Helper()
	p, err := pace.New(pace.Config{Budget: 10, Quota: 10})
	if err != nil {
		t.Fatal(err)
	}
	return NewDirectory(DirectoryConfig{API: b, Pool: pool, List: p, Read: p})
}

// collect takes a listing in.
func collect(ctx context.Context, d *Directory, s Selection) (names []job.Username, pages int, err error) {
	for users, err := range d.Pages(ctx, s) {
		if err != nil {
			return names, pages, err
		}
		pages++
		for _, u := range users {
			names = append(names, u.Username)
		}
	}
	return names, pages, nil
}

func TestPagesTakesATokenForEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{users: named(60*20 + 1)}
		names, pages, err := collect(t.Context(), directory(t, b), Selection{})
		if err != nil || pages != 21 || len(names) != 1201 || names[1200] != "user1200" {
			t.Fatalf("got %d names on %d pages, %v", len(names), pages, err)
		}
		if took := b.at[20].Sub(b.at[0]); took != 2*time.Second {
			t.Errorf("20 more pages took %v at 10 a second", took)
		}
	})
}

func TestPagesStopsWhenNobodyListens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{users: named(600)}
		for range directory(t, b).Pages(t.Context(), Selection{}) {
			break
		}
		if b.calls != 1 {
			t.Errorf("%d calls for one page", b.calls)
		}
	})
}

func throttled() error {
	return &smithy.GenericAPIError{Code: "TooManyRequestsException", Message: "Rate exceeded"}
}
func internal() error { return &smithy.GenericAPIError{Code: "InternalErrorException"} }

func TestPagesTriesAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail  []error
		calls int
		code  string
	}{
		"throttles are no tries":   {slices.Repeat([]error{throttled()}, 20), 22, ""},
		"internal errors":          {slices.Repeat([]error{internal()}, 5), 7, ""},
		"too many internal errors": {slices.Repeat([]error{internal()}, 6), 6, "InternalErrorException"},
		"not allowed":              {[]error{&smithy.GenericAPIError{Code: "AccessDeniedException", Message: "ana"}}, 1, "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &book{users: named(61), fail: c.fail}
				names, _, err := collect(t.Context(), directory(t, b), Selection{})
				if b.calls != c.calls {
					t.Errorf("%d calls, want %d", b.calls, c.calls)
				}
				if c.code == "" {
					if err != nil || len(names) != 61 {
						t.Errorf("got %d names, %v", len(names), err)
					}
					return
				}
				e, ok := errors.AsType[*CallError](err)
				if !ok || e.Reply.Code != c.code || strings.Contains(err.Error(), "ana") {
					t.Errorf("got %v, want the code %s and no name", err, c.code)
				}
			})
		})
	}
}

func TestPagesEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		b := &book{users: named(600)}
		time.AfterFunc(250*time.Millisecond, func() { cancel(stop) })
		names, _, err := collect(ctx, directory(t, b), Selection{})
		if !errors.Is(err, stop) || len(names) != 180 {
			t.Errorf("got %d names, %v", len(names), err)
		}
	})
}

func TestPagesNoticesALoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{users: named(61), loop: true}
		if _, pages, err := collect(t.Context(), directory(t, b), Selection{}); !errors.Is(err, errLoop) || pages != 1 {
			t.Errorf("got %d pages, %v", pages, err)
		}
	})
}

// TestFindComparesWhatComesBack has a server that ignores the filter, as some
// stand-ins for AWS do: nobody else is found.
func TestFindComparesWhatComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{users: named(100)}
		for i, mail := range map[int]string{3: "ana@example.com", 70: "Ana@example.com", 80: "ana@example.com.evil"} {
			b.users[i].Attributes = []types.AttributeType{{Name: new("email"), Value: &mail}}
		}
		d := directory(t, b)
		found := func() (names []job.Username) {
			users, err := d.Find(t.Context(), ByEmail, "ana@example.com")
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range users {
				names = append(names, u.Username)
			}
			return names
		}
		if diff := cmp.Diff([]job.Username{"user003"}, found()); diff != "" {
			t.Error("the pool does not ignore case:", diff)
		}
		d.cfg.FoldCase = true
		if diff := cmp.Diff([]job.Username{"user003", "user070"}, found()); diff != "" {
			t.Error("the pool ignores case:", diff)
		}
		if b.filter[0] != `email = "ana@example.com"` {
			t.Errorf("the filter was %s", b.filter[0])
		}
		before := b.calls
		if users, err := d.Find(t.Context(), ByEmail, "a\x00b"); users != nil || err != nil || b.calls != before {
			t.Errorf("a value that no filter can say: %v, %v, %d calls", users, err, b.calls-before)
		}
	})
}

func TestGetTellsNobodyFromAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{fail: []error{
			&smithy.GenericAPIError{Code: "UserNotFoundException"},
			&smithy.GenericAPIError{Code: "InvalidParameterException", Message: "1 validation error detected: Value at 'username' failed to satisfy constraint"},
			&smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "User pool x does not exist."},
		}}
		d := directory(t, b)
		for range 2 {
			if u, ok, err := d.Get(t.Context(), "nobody"); ok || err != nil || u != (User{}) {
				t.Errorf("got %+v, %v, %v", u, ok, err)
			}
		}
		if _, _, err := d.Get(t.Context(), "nobody"); err == nil || !strings.Contains(err.Error(), "no such user pool") {
			t.Errorf("got %v", err)
		}
	})
}

func TestGroupThatIsNotThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for text, want := range map[string]string{"Group not found.": "no such group", "User pool x does not exist.": "no such user pool"} {
			b := &book{fail: []error{&smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: text}}}
			if _, _, err := collect(t.Context(), directory(t, b), Selection{Group: "admins"}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", text, err, want)
			}
		}
	})
}
