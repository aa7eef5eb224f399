package cognito_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox/cognito"
)

// names are the usernames of a listing's page.
func names(out obj) []string {
	list := []string{}
	for _, u := range out["Users"].([]any) {
		list = append(list, u.(obj)["Username"].(string))
	}
	return list
}

func TestListUsersFilters(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{})
	add(t, p,
		cognito.Seed{Username: "ana", Sub: subAna, Email: "ana@example.com", EmailVerified: true, PreferredUsername: "nana"},
		cognito.Seed{Username: "bob", Email: "bob@example.com", Status: cognito.ForceChangePassword, PhoneNumber: "+351910000001"},
		cognito.Seed{Username: `q"b\`, Enabled: new(false)},
		cognito.Seed{Username: "Anabel", Email: "ana@example.org"},
	)
	const bad = "InvalidParameterException: Error while parsing filter."
	for filter, want := range map[string][]string{
		"":                                  {"ana", "bob", `q"b\`, "Anabel"},
		`username = "ana"`:                  {"ana"},
		`username="ana"`:                    {"ana"},
		`username ^= "ana"`:                 {"ana"},
		`username ^= "An"`:                  {"Anabel"},
		`email ^= "ana@"`:                   {"ana", "Anabel"},
		`email = "ana@example.com"`:         {"ana"},
		`phone_number ^= "+351"`:            {"bob"},
		`sub = "` + subAna + `"`:            {"ana"},
		`sub ^= "11111111"`:                 {"ana"},
		`preferred_username = "nana"`:       {"ana"},
		`cognito:user_status = "CONFIRMED"`: {"ana", `q"b\`, "Anabel"},
		`cognito:user_status ^= "force"`:    {"bob"},
		`status = "Disabled"`:               {`q"b\`},
		`status = "enabled"`:                {"ana", "bob", "Anabel"},
		`username = "q\"b\\"`:               {`q"b\`},
		`given_name = "Ana"`:                {},
		`name ^= ""`:                        {},
		`  username  =  "ana"  `:            {"ana"},
	} {
		out, e := direct(t, c, "ListUsers", obj{"UserPoolId": poolID, "Filter": filter})
		if e != "" {
			t.Errorf("%s: %s", filter, e)
			continue
		}
		if diff := cmp.Diff(want, names(out)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
	}
	for _, filter := range []string{"foo", "username", "username =", `username = ana`, `username = "ana`, `username "ana"`, `username = "ana" and status = "Enabled"`,
		`username != "ana"`, `username ^ "ana"`, `= "ana"`, `username = "a"b"`, `username = "ana\`} {
		if _, e := direct(t, c, "ListUsers", obj{"UserPoolId": poolID, "Filter": filter}); e != bad {
			t.Errorf("%s: got %q, want %q", filter, e, bad)
		}
	}
}

func TestListUsersSearchesSomeAttributesOnly(t *testing.T) {
	t.Parallel()
	c, _ := newPool(t, cognito.PoolConfig{})
	for _, name := range []string{"custom:team", "address", "Username", "email_verified"} {
		want := "InvalidParameterException: Invalid search attribute: " + name
		if _, e := direct(t, c, "ListUsers", obj{"UserPoolId": poolID, "Filter": name + ` = "x"`}); e != want {
			t.Errorf("got %q, want %q", e, want)
		}
	}
}

func TestListUsersAttributes(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{})
	add(t, p, confirmed("ana"))
	list := func(attrs ...string) (obj, string) {
		return direct(t, c, "ListUsers", obj{"UserPoolId": poolID, "AttributesToGet": attrs})
	}
	out, e := list("email")
	if e != "" {
		t.Fatal(e)
	}
	want := []any{obj{"Name": "email", "Value": "ana@example.com"}}
	if diff := cmp.Diff(want, out["Users"].([]any)[0].(obj)["Attributes"]); diff != "" {
		t.Error(diff)
	}
	if _, e := list("nonsense"); e != "InvalidParameterException: One or more requested attributes do not exist." {
		t.Errorf("an attribute that is not: %q", e)
	}
	if _, e := list("sub"); e != "InvalidParameterException: Input fails to satisfy the constraints." {
		t.Errorf("sub: %q", e)
	}
}

// Pages through AWS's own client: everybody once, 60 at a time, whatever is
// created and deleted meanwhile.
func TestListUsersPages(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{})
	for i := range 150 {
		add(t, p, confirmed(fmt.Sprintf("user-%03d", i)))
	}
	api := sdk(t, c)
	var got []string
	var sizes []int
	var token *string
	for {
		out, err := api.ListUsers(t.Context(), &cip.ListUsersInput{UserPoolId: new(poolID), PaginationToken: token})
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(out.Users))
		for _, u := range out.Users {
			got = append(got, *u.Username)
		}
		if token = out.PaginationToken; token == nil {
			break
		}
		if len(sizes) == 1 { // between the pages: one seen and one unseen go, one comes
			for _, name := range []string{"user-000", "user-149"} {
				if _, err := api.AdminDeleteUser(t.Context(), &cip.AdminDeleteUserInput{UserPoolId: new(poolID), Username: &name}); err != nil {
					t.Fatal(err)
				}
			}
			add(t, p, confirmed("late"))
		}
	}
	var want []string
	for i := range 149 {
		want = append(want, fmt.Sprintf("user-%03d", i))
	}
	if diff := cmp.Diff(append(want, "late"), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{60, 60, 30}, sizes); diff != "" {
		t.Errorf("pages:\n%s", diff)
	}
}

func TestListUsersTokens(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{})
	add(t, p, confirmed("ana"), confirmed("bob"))
	out, _ := direct(t, c, "ListUsers", obj{"UserPoolId": poolID, "Limit": 1})
	token := out["PaginationToken"]
	for name, in := range map[string]obj{
		"another filter": {"UserPoolId": poolID, "PaginationToken": token, "Filter": `username = "bob"`},
		"nonsense":       {"UserPoolId": poolID, "PaginationToken": "bm9uc2Vuc2U="},
		"not base64":     {"UserPoolId": poolID, "PaginationToken": "!"},
	} {
		if _, e := direct(t, c, "ListUsers", in); e != "InvalidParameterException: Paging Marker is Invalid for Request" {
			t.Errorf("%s: %q", name, e)
		}
	}
	out, e := direct(t, c, "ListUsers", obj{"UserPoolId": poolID, "PaginationToken": token})
	if e != "" || !slices.Equal(names(out), []string{"bob"}) || out["PaginationToken"] != nil {
		t.Errorf("the second page: %v, %q", out, e)
	}
}

// With a lag, ListUsers shows the past, and AdminGetUser the present.
func TestListUsersLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, p := newPool(t, cognito.PoolConfig{EmailSendingAccount: "DEVELOPER"})
		c.Switch(func(s *cognito.Switches) { s.ListLag = 10 * time.Second })
		add(t, p, confirmed("ana"), confirmed("bob"))
		seen := func() map[string]string {
			out, e := direct(t, c, "ListUsers", obj{"UserPoolId": poolID})
			if e != "" {
				t.Fatal(e)
			}
			m := map[string]string{}
			for _, u := range out["Users"].([]any) {
				m[u.(obj)["Username"].(string)] = u.(obj)["UserStatus"].(string)
			}
			return m
		}
		at := func(s int, want map[string]string) {
			t.Helper()
			if diff := cmp.Diff(want, seen()); diff != "" {
				t.Errorf("after %d s (-want +got):\n%s", s, diff)
			}
		}
		do := func(op, user string, more obj) {
			t.Helper()
			in := obj{"UserPoolId": poolID, "Username": user}
			maps.Copy(in, more)
			if _, e := direct(t, c, op, in); e != "" {
				t.Fatal(e)
			}
		}
		at(0, map[string]string{"ana": "CONFIRMED", "bob": "CONFIRMED"})
		do("AdminResetUserPassword", "ana", nil)
		time.Sleep(4 * time.Second) // 4
		do("AdminSetUserPassword", "ana", obj{"Password": "Passw0rd!", "Permanent": false})
		do("AdminDeleteUser", "bob", nil)
		do("AdminCreateUser", "eve", obj{"MessageAction": "SUPPRESS"})
		at(4, map[string]string{"ana": "CONFIRMED", "bob": "CONFIRMED"})
		if out, _ := direct(t, c, "AdminGetUser", obj{"UserPoolId": poolID, "Username": "ana"}); out["UserStatus"] != "FORCE_CHANGE_PASSWORD" {
			t.Errorf("AdminGetUser lags too: %v", out["UserStatus"])
		}
		time.Sleep(6*time.Second - 1) // just before 10
		at(10, map[string]string{"ana": "CONFIRMED", "bob": "CONFIRMED"})
		time.Sleep(time.Nanosecond)
		at(10, map[string]string{"ana": "RESET_REQUIRED", "bob": "CONFIRMED"})
		time.Sleep(4 * time.Second) // 14
		at(14, map[string]string{"ana": "FORCE_CHANGE_PASSWORD", "eve": "FORCE_CHANGE_PASSWORD"})
	})
}

func TestGroups(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{})
	for i := range 70 {
		s := confirmed(fmt.Sprintf("user-%02d", i))
		s.Groups = []string{"all"}
		add(t, p, s)
	}
	do := func(op string, in obj) (obj, string) {
		in["UserPoolId"] = poolID
		return direct(t, c, op, in)
	}
	for _, step := range []struct {
		op   string
		in   obj
		want string
	}{
		{"CreateGroup", obj{"GroupName": "staff", "Description": "d", "Precedence": 3}, ""},
		{"CreateGroup", obj{"GroupName": "staff"}, "GroupExistsException: A group with the name already exists."},
		{"AdminAddUserToGroup", obj{"GroupName": "staff", "Username": "user-01"}, ""},
		{"AdminAddUserToGroup", obj{"GroupName": "staff", "Username": "user-01"}, ""},
		{"AdminAddUserToGroup", obj{"GroupName": "staff", "Username": "user-02"}, ""},
		{"AdminAddUserToGroup", obj{"GroupName": "nobody", "Username": "user-02"}, "ResourceNotFoundException: Group not found."},
		{"AdminAddUserToGroup", obj{"GroupName": "staff", "Username": "x"}, notFound},
		{"ListUsersInGroup", obj{"GroupName": "nobody"}, "ResourceNotFoundException: Group not found."},
		{"AdminRemoveUserFromGroup", obj{"GroupName": "all", "Username": "user-00"}, ""},
		{"AdminDeleteUser", obj{"Username": "user-02"}, ""},
	} {
		if _, got := do(step.op, step.in); got != step.want {
			t.Errorf("%s %v: got %q, want %q", step.op, step.in, got, step.want)
		}
	}
	out, _ := do("ListUsersInGroup", obj{"GroupName": "staff"})
	if diff := cmp.Diff([]string{"user-01"}, names(out)); diff != "" {
		t.Errorf("staff (-want +got):\n%s", diff)
	}
	first, _ := do("ListUsersInGroup", obj{"GroupName": "all"})
	second, e := do("ListUsersInGroup", obj{"GroupName": "all", "NextToken": first["NextToken"]})
	if n := len(names(first)); e != "" || n != 60 || len(names(second)) != 8 || second["NextToken"] != nil {
		t.Errorf("pages of %d and %d, then %v, %q; want 60, 8 and no more", n, len(names(second)), second["NextToken"], e)
	}
	groups, _ := do("ListGroups", obj{"Limit": 1})
	if g := groups["Groups"].([]any)[0].(obj); g["GroupName"] != "all" || groups["NextToken"] == nil {
		t.Errorf("first group %v, token %v", g, groups["NextToken"])
	}
	groups, _ = do("ListGroups", obj{"NextToken": groups["NextToken"]})
	if g := groups["Groups"].([]any)[0].(obj); g["GroupName"] != "staff" || g["Precedence"] != 3.0 || groups["NextToken"] != nil {
		t.Errorf("second group %v, token %v", g, groups["NextToken"])
	}
	if u, _ := p.User("user-01"); !slices.Equal(u.Groups, []string{"all", "staff"}) {
		t.Errorf("user-01 is in %v", u.Groups)
	}
}
