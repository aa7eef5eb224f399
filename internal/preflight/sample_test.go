package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/reset"
	"relock/internal/sandbox/cognito"
)

// lookAll looks names up in a pool of the sandbox, through AWS's own client.
func lookAll(t *testing.T, cfg string, users []cognito.Seed, names ...string) map[string]Fate {
	t.Helper()
	server, conf := aside(t)
	pc, err := cognito.ParsePool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := server.Cognito().AddPool(pc)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		if err := pool.Seed(u); err != nil {
			t.Fatal(err)
		}
	}
	client := cip.NewFromConfig(conf)
	described, err := describe(t.Context(), client, pc.ID)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pace.New(pace.Config{Budget: 1000, Quota: 1000})
	if err != nil {
		t.Fatal(err)
	}
	d := reset.NewDirectory(reset.DirectoryConfig{API: client, Pool: pc.ID, FoldCase: FoldsCase(described), List: p, Read: p})
	got := map[string]Fate{}
	for _, name := range names {
		s := Look(t.Context(), d, described, []job.Target{{Username: job.Username(name)}}, 1)
		if s.Err != nil || s.Asked != 1 || !s.Whole {
			t.Fatalf("%s: %+v", name, s)
		}
		for f := range s.Counts {
			got[name] = f
		}
		// What a reset comes to is the sandbox's to say.
		_, err := client.AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: &pc.ID, Username: &name})
		if (err == nil) != (got[name] == Resettable) {
			t.Errorf("%s is %s, and a reset says %v", name, got[name], err)
		}
	}
	return got
}

const (
	someSub  = "11111111-2222-4333-8444-555555555555"
	upperSub = "abcdefab-2222-4333-8444-555555555555"
)

// The names of a user are those by which a reset finds the user.
func TestNamesOf(t *testing.T) {
	t.Parallel()
	u := reset.User{Username: "ana", Sub: someSub, Email: "ana@example.com", Phone: "+351910000001", Preferred: "nana", EmailVerified: true, Status: "CONFIRMED"}
	federated := u
	federated.Status = "EXTERNAL_PROVIDER"
	mail := []types.AliasAttributeType{types.AliasAttributeTypeEmail, types.AliasAttributeTypePhoneNumber}
	for name, tt := range map[string]struct {
		pool types.UserPoolType
		user reset.User
		want []job.Username
	}{
		"no aliases":          {types.UserPoolType{}, u, []job.Username{"ana", someSub}},
		"verified ones":       {types.UserPoolType{AliasAttributes: mail}, u, []job.Username{"ana", someSub, "ana@example.com"}},
		"preferred":           {types.UserPoolType{AliasAttributes: []types.AliasAttributeType{types.AliasAttributeTypePreferredUsername}}, u, []job.Username{"ana", someSub, "nana"}},
		"in the name's place": {types.UserPoolType{UsernameAttributes: []types.UsernameAttributeType{types.UsernameAttributeTypePhoneNumber}}, u, []job.Username{"ana", someSub, "+351910000001"}},
		"federated":           {types.UserPoolType{}, federated, []job.Username{"ana"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, namesOf(&tt.pool, tt.user)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Users of all kinds, under all names that a reset takes.
func TestLook(t *testing.T) {
	t.Parallel()
	ana := cognito.Seed{Username: "ana", Sub: someSub, Email: "ana@example.com", EmailVerified: true, PreferredUsername: "nana"}
	users := []cognito.Seed{
		ana,
		{Username: "bo", Email: "bo@example.com"}, // not verified
		{Username: "off", Email: "off@example.com", EmailVerified: true, Enabled: new(false)},
		{Username: "new", Email: "new@example.com", EmailVerified: true, Status: cognito.ForceChangePassword},
		{Username: "half", Email: "half@example.com", Status: cognito.Unconfirmed},
		{Username: "google_1", Sub: "99999999-2222-4333-8444-555555555555", Email: "g@example.com", EmailVerified: true, Status: cognito.ExternalProvider},
		{Username: "AzureAD_cy@example.com", Email: "cy@example.com", EmailVerified: true, Status: cognito.ExternalProvider},
		{Username: "@home", Email: "home@example.com", EmailVerified: true},
		{Username: "+1+1", Email: "plus@example.com", EmailVerified: true},
		{Username: "phil", PhoneNumber: "+351910000001", PhoneNumberVerified: true},
		{Username: "done", Email: "done@example.com", EmailVerified: true, Status: cognito.ResetRequired},
		{Username: `q"\`, Email: "q@example.com", EmailVerified: true},
		{Username: "caps", Sub: upperSub, Email: "caps@example.com", EmailVerified: true},
		{Username: "gone", Email: "gone@example.com", EmailVerified: true, Status: cognito.Archived},
	}
	common := map[string]Fate{
		"ana": Resettable, someSub: Resettable, strings.ToUpper(upperSub): Resettable, "off": Disabled, "new": ForceChangePassword, "half": NeverConfirmed,
		"google_1": Federated, "AzureAD_cy@example.com": Federated, "@home": Resettable, "+1+1": Resettable, "bo": NoContact, "phil": Resettable, "done": Resettable, `q"\`: Resettable, "gone": OtherStatus,
		"nobody": Unknown, "99999999-2222-4333-8444-555555555555": Unknown, "ANA": Unknown,
	}
	for cfg, more := range map[string]map[string]Fate{
		"eu-west-1_Plain":                              {"ana@example.com": Unknown, "nana": Unknown},
		"eu-west-1_Alias,alias=email+phone_number":     {"ana@example.com": Resettable, "bo@example.com": Unknown, "+351910000001": Resettable, "nana": Unknown},
		"eu-west-1_Preferred,alias=preferred_username": {"nana": Resettable},
		"eu-west-1_Folded,case-insensitive":            {"ANA": Resettable},
		"eu-west-1_MailOnly,recovery=verified_email":   {"phil": NoContact},
	} {
		t.Run(cfg, func(t *testing.T) {
			t.Parallel()
			want := maps.Clone(common)
			maps.Copy(want, more)
			if diff := cmp.Diff(want, lookAll(t, cfg, users, slices.Collect(maps.Keys(want))...)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	t.Run("e-mail for a username", func(t *testing.T) {
		t.Parallel()
		users := []cognito.Seed{
			{Username: "ana@example.com", Sub: someSub, Email: "ana@example.com", EmailVerified: true},
			{Username: "bo@example.com"},
			{Username: "google_1", Status: cognito.ExternalProvider},
		}
		want := map[string]Fate{"ana@example.com": Resettable, someSub: Resettable, "bo@example.com": NoContact, "ana": Unknown, "google_1": Federated}
		if diff := cmp.Diff(want, lookAll(t, "eu-west-1_Names,usernames=email", users, slices.Collect(maps.Keys(want))...)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// finder answers by the look of a name, and keeps what it was asked.
type finder struct {
	mu    sync.Mutex
	calls int
	fail  func(call int) error
}

func (f *finder) Find(_ context.Context, _ reset.Attribute, value job.Username) ([]reset.User, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.fail != nil {
		if err := f.fail(f.calls); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(string(value), "no") {
		return nil, nil
	}
	return []reset.User{{Username: value, Enabled: true, Status: "CONFIRMED", Phone: "+1", PhoneVerified: true}}, nil
}

func someTargets(n int) []job.Target {
	list := make([]job.Target, n)
	for i := range list {
		list[i].Username = job.Username(fmt.Sprintf("%s%d", map[bool]string{true: "no", false: "user"}[i%4 == 0], i))
	}
	return list
}

func TestLookCounts(t *testing.T) {
	t.Parallel()
	s := Look(t.Context(), &finder{}, &types.UserPoolType{}, someTargets(100), 5000)
	want := &Sample{Drawn: 100, Asked: 100, Counts: map[Fate]int{Unknown: 25, Resettable: 75}, BySMS: 75, Names: s.Names}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if low, high := s.Interval(Unknown); low < 0.17 || low > 0.18 || high < 0.34 || high > 0.35 {
		t.Errorf("the interval is %v to %v", low, high)
	}
	if s.Whole = true; s.Share(Unknown) != 0.25 {
		t.Errorf("the share is %v", s.Share(Unknown))
	} else if low, high := s.Interval(Unknown); low != 0.25 || high != 0.25 {
		t.Errorf("of a whole list the interval is %v to %v", low, high)
	}
}

// The first error ends the look-ups; what was looked up counts, and the error is a
// question without an answer: one that stops only if nobody was looked up.
func TestLookEnds(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	s := Look(t.Context(), &finder{fail: func(call int) error {
		if call > 30 {
			return broken
		}
		return nil
	}}, &types.UserPoolType{}, someTargets(5000), 5000)
	if s.Asked != 30 || !errors.Is(s.Err, broken) {
		t.Errorf("%d were looked up, %v; want 30", s.Asked, s.Err)
	}
	if u := s.Unanswered(); len(u) != 1 || u[0].Needed {
		t.Errorf("without an answer: %+v", u)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	s = Look(ctx, &finder{fail: func(int) error { return context.Cause(ctx) }}, &types.UserPoolType{}, someTargets(3), 3)
	if u := s.Unanswered(); s.Asked != 0 || len(u) != 1 || !u[0].Needed {
		t.Errorf("cancelled: %+v, %+v", s, u)
	}
	if (*Sample)(nil).Unanswered() != nil {
		t.Error("no sample leaves a question without an answer")
	}
}

// Where the sender is in another Region, that Region's SES is asked.
func TestSenderRegion(t *testing.T) {
	t.Parallel()
	pool := &types.UserPoolType{EmailConfiguration: &types.EmailConfigurationType{
		EmailSendingAccount: types.EmailSendingAccountTypeDeveloper,
		SourceArn:           aws.String("arn:aws:ses:us-east-1:123456789012:identity/example.com"),
	}}
	if region, ses := sender(pool); region != "us-east-1" || !ses {
		t.Errorf("sender in %q, %v", region, ses)
	}
	if _, ses := sender(nil); ses {
		t.Error("an unknown pool sends with SES")
	}
}
