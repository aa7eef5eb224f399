package cognito_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox/cognito"
)

const (
	subAna    = "11111111-2222-4333-8444-555555555555"
	subGoogle = "99999999-2222-4333-8444-555555555555"
)

// By which names a user is found: the username, verified aliases, and the sub of
// a local user.
func TestNames(t *testing.T) {
	t.Parallel()
	ana := cognito.Seed{
		Username: "Ana", Sub: subAna, Email: "Ana@Example.com", EmailVerified: true,
		PhoneNumber: "+351910000001", PreferredUsername: "nana",
	}
	federated := cognito.Seed{Username: "Google_123", Sub: subGoogle, Status: cognito.ExternalProvider}
	aliases := cognito.PoolConfig{AliasAttributes: []string{"email", "phone_number", "preferred_username"}}
	folded := aliases
	folded.CaseInsensitive = true
	for _, tt := range []struct {
		name string
		cfg  cognito.PoolConfig
		ask  map[string]string // name → username found, "" for nobody
	}{
		{"no aliases", cognito.PoolConfig{}, map[string]string{
			"Ana": "Ana", "ana": "", "Ana@Example.com": "", "nana": "", "+351910000001": "",
			subAna: "Ana", "11111111-2222-4333-8444-55555555555F": "", "Google_123": "Google_123", subGoogle: "",
		}},
		{"aliases", aliases, map[string]string{
			"Ana": "Ana", "Ana@Example.com": "Ana", "ana@example.com": "", "nana": "Ana", subAna: "Ana",
			"+351910000001": "", // not verified
		}},
		{"case insensitive", folded, map[string]string{
			"Ana": "ana", "ANA": "ana", "ana@EXAMPLE.com": "ana", "NANA": "ana", "google_123": "google_123", subGoogle: "",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, p := newPool(t, tt.cfg)
			add(t, p, ana, federated)
			for name, want := range tt.ask {
				out, e := direct(t, c, "AdminGetUser", obj{"UserPoolId": poolID, "Username": name})
				got, _ := out["Username"].(string)
				if got != want || (want == "") != (e == notFound) {
					t.Errorf("%q finds %q, %q; want %q", name, got, e, want)
				}
			}
		})
	}
}

// A pool that ignores case writes names in lower case.
func TestFoldedOutput(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{CaseInsensitive: true})
	add(t, p, cognito.Seed{Username: "Ana", Email: "Ana@Example.com", PreferredUsername: "NaNa"})
	u, _ := p.User("ANA")
	got := []string{u.Username, u.Attributes["email"], u.Attributes["preferred_username"]}
	if diff := cmp.Diff([]string{"ana", "ana@example.com", "nana"}, got); diff != "" {
		t.Error(diff)
	}
	out, _ := direct(t, c, "DescribeUserPool", obj{"UserPoolId": poolID})
	if diff := cmp.Diff(obj{"CaseSensitive": false}, out["UserPool"].(obj)["UsernameConfiguration"]); diff != "" {
		t.Error(diff)
	}
}

// An alias works once it is verified, and only for one user.
func TestAliasesMove(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{AliasAttributes: []string{"email"}})
	add(t, p, cognito.Seed{Username: "ana", Email: "shared@example.com", EmailVerified: true}, cognito.Seed{Username: "bob", Email: "shared@example.com"})
	who := func() string {
		u, _ := p.User("shared@example.com")
		return u.Username
	}
	update := func(user string, attrs ...obj) string {
		_, e := direct(t, c, "AdminUpdateUserAttributes", obj{"UserPoolId": poolID, "Username": user, "UserAttributes": attrs})
		return e
	}
	verify := obj{"Name": "email_verified", "Value": "true"}
	if got := who(); got != "ana" {
		t.Errorf("at first the alias is %q's", got)
	}
	if e := update("bob", verify); e != "AliasExistsException: An account with the email already exists." {
		t.Errorf("a second owner: %q", e)
	}
	if e := update("ana", obj{"Name": "email", "Value": "ana@example.com"}); e != "" {
		t.Fatal(e)
	}
	if u, _ := p.User("ana"); u.Attributes["email_verified"] != "false" {
		t.Errorf("a new address is verified: %v", u.Attributes)
	}
	if got := who(); got != "" {
		t.Errorf("after the change the alias is still %q's", got)
	}
	if e := update("bob", verify); e != "" {
		t.Fatal(e)
	}
	if got := who(); got != "bob" {
		t.Errorf("then it is %q's, want bob", got)
	}
	if _, e := direct(t, c, "AdminCreateUser", obj{"UserPoolId": poolID, "Username": "eve", "ForceAliasCreation": true, "MessageAction": "SUPPRESS", "UserAttributes": []obj{{"Name": "email", "Value": "shared@example.com"}, verify}}); e != "" {
		t.Fatal(e)
	}
	if got := who(); got != "eve" {
		t.Errorf("taken by force it is %q's, want eve", got)
	}
	if _, e := direct(t, c, "AdminDeleteUser", obj{"UserPoolId": poolID, "Username": "eve"}); e != "" {
		t.Fatal(e)
	}
	if got := who(); got != "" {
		t.Errorf("of a deleted user it is still %q's", got)
	}
}

// A pool with username attributes makes a UUID of the username.
func TestUsernameAttributes(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{UsernameAttributes: []string{"email"}})
	create := func(name string) (obj, string) {
		return direct(t, c, "AdminCreateUser", obj{"UserPoolId": poolID, "Username": name, "MessageAction": "SUPPRESS"})
	}
	out, e := create("ana@example.com")
	if e != "" {
		t.Fatal(e)
	}
	name, _ := out["User"].(obj)["Username"].(string)
	u, ok := p.User("ana@example.com")
	if !ok || u.Username != name || u.Sub != name || u.Attributes["email"] != "ana@example.com" {
		t.Errorf("found %+v, created %q", u, name)
	}
	if _, e := create("ana@example.com"); e != "UsernameExistsException: User account already exists" {
		t.Errorf("the same again: %q", e)
	}
	if _, e := create("ana"); e != "InvalidParameterException: Username should be an email." {
		t.Errorf("no address: %q", e)
	}
}

func TestAliasPoolsRefuseAliasesAsNames(t *testing.T) {
	t.Parallel()
	c, _ := newPool(t, cognito.PoolConfig{AliasAttributes: []string{"email", "phone_number"}})
	for name, want := range map[string]string{
		"a@example.com": "InvalidParameterException: Username cannot be of email format, since user pool is configured for email alias.",
		"+351910000001": "InvalidParameterException: Username cannot be of phone number format, since user pool is configured for phone number alias.",
		"a":             "",
	} {
		if _, got := direct(t, c, "AdminCreateUser", obj{"UserPoolId": poolID, "Username": name, "MessageAction": "SUPPRESS"}); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// Users on demand are there when they are called by name, and not before.
func TestOnDemand(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{OnDemand: "user-[0-9]{3}|.+@corp\\.example", AliasAttributes: []string{"email"}})
	if e := reset(t, c, "user-0001"); e != notFound {
		t.Errorf("a name that does not match as a whole: %q", e)
	}
	if p.Len() != 0 {
		t.Fatalf("%d users before the first call", p.Len())
	}
	for _, name := range []string{"user-001", "user-001", "user-001@example.com", "a@corp.example"} {
		if e := reset(t, c, name); e != "" {
			t.Errorf("%s: %s", name, e)
		}
	}
	var got []string
	for u := range p.Users() {
		got = append(got, u.Username)
	}
	if diff := cmp.Diff([]string{"user-001", "a@corp.example"}, got); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	if n := len(p.Resets("user-001")); n != 3 {
		t.Errorf("%d resets by name and alias, want 3", n)
	}
	u, _ := p.User("user-001")
	if same, ok := p.User(u.Sub); !ok || same.Username != "user-001" {
		t.Errorf("by the sub that was shown: %q", same.Username)
	}
	if _, e := direct(t, c, "AdminCreateUser", obj{"UserPoolId": poolID, "Username": "user-002"}); e != "UsernameExistsException: User account already exists" {
		t.Errorf("creating a user on demand: %q", e)
	}
}
