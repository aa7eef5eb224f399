package reset

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
)

// fast is a pace that no test waits for.
func fast(t *testing.T) *pace.Pacer {
	t.Helper()
	p, err := pace.New(pace.Config{Budget: 1e5, Quota: 1e5})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stand is a Directory of a pool of the sandbox, over the wire.
func stand(t *testing.T, cfg cognito.PoolConfig) (*Directory, *cognito.Pool, *cognito.Cognito) {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []cognito.Category{cognito.UserList, cognito.UserRead} {
		if err := s.Cognito().SetQuota(c, cognito.Limit{Unlimited: true}); err != nil {
			t.Fatal(err)
		}
	}
	cfg.ID = pool
	p, err := s.Cognito().AddPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	client := api(t, h.URL, func(o *cip.Options) {
		o.Credentials = aws.CredentialsProviderFunc(signed)
		o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	})
	d := NewDirectory(DirectoryConfig{API: client, Pool: pool, FoldCase: cfg.CaseInsensitive, List: fast(t), Read: fast(t)})
	return d, p, s.Cognito()
}

func seed(t *testing.T, p *cognito.Pool, users ...cognito.Seed) {
	t.Helper()
	for _, u := range users {
		if err := p.Seed(u); err != nil {
			t.Fatalf("%+q: %v", u.Username, err)
		}
	}
}

// odd are usernames that Cognito takes and that a filter, a list or a screen may
// trip over.
var odd = []string{
	`"quoted"`, `back\slash`, `\`, `"`, `\"`, `ends\`, `o'neil`, `=HYPERLINK("http://x")`, `+1+1`, `-2+3`, `@SUM(A1)`,
	"שלום", "مرحبا", "e\u0301cole", "école", "join\u034fer", "va\ufe0fr", "ㅤ", "a,b;c", "sub=\"x\"", "\U0001F512", "%s%n",
}

func TestLookUpOfOddNames(t *testing.T) {
	t.Parallel()
	d, p, _ := stand(t, cognito.PoolConfig{})
	for i, name := range odd {
		seed(t, p, cognito.Seed{Username: name, PreferredUsername: "p" + name, Email: fmt.Sprintf("\"a\\%d\"@example.com", i)})
	}
	for i, name := range odd {
		for by, value := range map[Attribute]string{ByUsername: name, ByPreferred: "p" + name, ByEmail: fmt.Sprintf("\"a\\%d\"@example.com", i)} {
			users, err := d.Find(t.Context(), by, job.Username(value))
			if err != nil || len(users) != 1 || users[0].Username != job.Username(name) {
				t.Errorf("Find(%s, %+q) = %+v, %v", by, value, users, err)
			}
		}
		if u, ok, err := d.Get(t.Context(), job.Username(name)); err != nil || !ok || string(u.Username) != name {
			t.Errorf("Get(%+q) = %+q, %v, %v", name, u.Username, ok, err)
		}
	}
	names, _, err := collect(t.Context(), d, Selection{})
	want := make([]job.Username, len(odd))
	for i, n := range odd {
		want[i] = job.Username(n)
	}
	if diff := cmp.Diff(want, names); err != nil || diff != "" {
		t.Errorf("the listing: %v\n%s", err, diff)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	const sub = "6b1e6d2c-0000-4000-8000-000000000001"
	d, p, _ := stand(t, cognito.PoolConfig{AliasAttributes: []string{"email"}})
	seed(t, p,
		cognito.Seed{Username: "ana", Sub: sub, Email: "ana@example.com", EmailVerified: true, PhoneNumber: "+4912345678", PreferredUsername: "chief"},
		cognito.Seed{Username: "ana2", Email: "ana@example.com"},
		cognito.Seed{Username: "chief", Status: "EXTERNAL_PROVIDER"},
		cognito.Seed{Username: "bob", PreferredUsername: "bobby"},
	)
	for name, want := range map[job.Username][]job.Username{
		"ana":             {"ana"},
		sub:               {"ana"},
		"+4912345678":     {"ana"},
		"ana@example.com": {"ana", "ana2"}, // the alias of one, the attribute of both
		"chief":           {"chief"},       // a username comes before a preferred_username
		"bobby":           {"bob"},
		"nobody":          nil,
		"ANA":             nil,
		"a":               nil,
	} {
		users, err := d.Named(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		var got []job.Username
		for _, u := range users {
			got = append(got, u.Username)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// A sub is looked up as Cognito writes it.
	for _, by := range []job.Username{sub, "6B1E6D2C-0000-4000-8000-000000000001"} {
		if users, err := d.Find(t.Context(), BySub, by); err != nil || len(users) != 1 || users[0].Username != "ana" {
			t.Errorf("Find(sub, %s) = %+v, %v", by, users, err)
		}
	}
	u, _, err := d.Get(t.Context(), sub)
	want := User{Username: "ana", Sub: sub, Email: "ana@example.com", EmailVerified: true, Phone: "+4912345678", Preferred: "chief", Status: "CONFIRMED", Enabled: true}
	if diff := cmp.Diff(want, u); err != nil || diff != "" {
		t.Errorf("Get: %v\n%s", err, diff)
	}
}

func TestPagesOfAGroupAndOfAFilter(t *testing.T) {
	t.Parallel()
	d, p, _ := stand(t, cognito.PoolConfig{})
	var all, admins []job.Username
	for i := range 130 {
		s := cognito.Seed{Username: fmt.Sprintf("user%03d", i), Email: fmt.Sprintf("user%03d@example.com", i)}
		if i%2 == 0 {
			s.Groups = []string{"admins"}
			admins = append(admins, job.Username(s.Username))
		}
		all = append(all, job.Username(s.Username))
		seed(t, p, s)
	}
	for name, c := range map[string]struct {
		s     Selection
		want  []job.Username
		pages int
	}{
		"all":    {Selection{}, all, 3},
		"group":  {Selection{Group: "admins"}, admins, 2},
		"filter": {Selection{Filter: `email ^= "user10"`}, all[100:110], 1},
		"nobody": {Selection{Filter: `email = "x"`}, nil, 1},
	} {
		got, pages, err := collect(t.Context(), d, c.s)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" || pages != c.pages {
			t.Errorf("%s: %d pages, %v\n%s", name, pages, err, diff)
		}
	}
	if _, _, err := collect(t.Context(), d, Selection{Group: "nobody's"}); err == nil {
		t.Error("a group that is not there lists nobody")
	}
}

// TestListingLags shows what eventually consistent means: a listing shows the
// past, and Get does not.
func TestListingLags(t *testing.T) {
	t.Parallel()
	d, p, c := stand(t, cognito.PoolConfig{})
	if err := c.SetSwitch("list-lag", time.Hour.String()); err != nil {
		t.Fatal(err)
	}
	seed(t, p, cognito.Seed{Username: "old"})
	client := d.cfg.API.(*cip.Client)
	if _, err := client.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: new(pool), Username: new("new")}); err != nil {
		t.Fatal(err)
	}
	names, _, err := collect(t.Context(), d, Selection{})
	if err != nil || !slices.Equal(names, []job.Username{"old"}) {
		t.Errorf("the listing shows %q, %v", names, err)
	}
	if _, ok, err := d.Get(t.Context(), "new"); !ok || err != nil {
		t.Errorf("Get: %v, %v", ok, err)
	}
}

// TestBackslashesThatStandForThemselves has a server that reads filters otherwise
// than we take it to: it finds nobody where a name has a backslash, never somebody
// else, and names with quotation marks are found all the same.
func TestBackslashesThatStandForThemselves(t *testing.T) {
	t.Parallel()
	d, p, c := stand(t, cognito.PoolConfig{})
	if err := c.SetSwitch("filter-quotes-only", "true"); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(odd, []string{`back\\slash`, `\\`}) {
		seed(t, p, cognito.Seed{Username: name})
	}
	for _, name := range odd {
		users, err := d.Find(t.Context(), ByUsername, job.Username(name))
		want := 1
		if strings.Contains(name, `\`) {
			want = 0
		}
		if err != nil || len(users) != want || want == 1 && users[0].Username != job.Username(name) {
			t.Errorf("Find(%+q) = %+v, %v", name, users, err)
		}
		if users, err := d.Named(t.Context(), job.Username(name)); err != nil || len(users) != 1 || users[0].Username != job.Username(name) {
			t.Errorf("Named(%+q) = %+v, %v", name, users, err)
		}
	}
}
