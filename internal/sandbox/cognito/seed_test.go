package cognito_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/sandbox/cognito"
)

const seedCSV = `username,status,enabled,sub,email,email_verified,phone_number,phone_number_verified,preferred_username,groups,password,sessions
ana,,,11111111-2222-4333-8444-555555555555,ana@example.com,true,+351910000001,true,nana,staff;admins,Passw0rd!,2
bob,UNCONFIRMED,false,,bob@example.com,,,,,,,
`

const seedJSON = `[
  {"username": "ana", "sub": "11111111-2222-4333-8444-555555555555", "email": "ana@example.com", "email_verified": true, "phone_number": "+351910000001",
   "phone_number_verified": true, "preferred_username": "nana", "groups": ["staff", "admins"], "password": "Passw0rd!", "sessions": 2},
  {"username": "bob", "status": "UNCONFIRMED", "enabled": false, "email": "bob@example.com"}
]`

func TestSeedFile(t *testing.T) {
	t.Parallel()
	want := []cognito.User{
		{
			Username: "ana", Sub: subAna, Status: cognito.Confirmed, Enabled: true, Groups: []string{"staff", "admins"}, Sessions: 2,
			Attributes: map[string]string{"email": "ana@example.com", "email_verified": "true", "phone_number": "+351910000001", "phone_number_verified": "true", "preferred_username": "nana"},
		},
		{Username: "bob", Status: cognito.Unconfirmed, Attributes: map[string]string{"email": "bob@example.com", "email_verified": "false"}},
	}
	for name, text := range map[string]string{"users.csv": seedCSV, "users.JSON": seedJSON} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p := newPool(t, cognito.PoolConfig{})
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if n, err := p.SeedFile(file); n != 2 || err != nil {
				t.Fatalf("%d users, %v", n, err)
			}
			var got []cognito.User
			for u := range p.Users() {
				if u.Username == "bob" {
					u.Sub = ""
				}
				got = append(got, u)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(cognito.User{}, "Created", "Modified")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Bad lists are refused with the place; the errors name no user.
func TestSeedErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, text, want string }{
		"no header":         {"u.csv", "", "reading the header line"},
		"unknown column":    {"u.csv", "username,shoe\n", `line 1: no column "shoe" is known`},
		"no username":       {"u.csv", "email\n", "line 1: the column username is missing"},
		"short row":         {"u.csv", "username,email\nana,a@b\nbob\n", "line 3"},
		"neither":           {"u.csv", "username,enabled\nana,maybe\n", "line 2: column enabled"},
		"sessions":          {"u.csv", "username,sessions\nana,-1\n", "line 2: column sessions"},
		"status":            {"u.csv", "username,status\nana,\nbob,GONE\n", "user 2: status"},
		"space in the name": {"u.csv", "username\nan a\n", "user 1: the username"},
		"sub":               {"u.csv", "username,sub\nana,x\n", "user 1: the sub"},
		"twice":             {"u.csv", "username\nana\nana\n", "user 2: UsernameExistsException"},
		"unknown member":    {"u.json", `[{"user": "ana"}]`, "reading users as JSON"},
		"not a list":        {"u.json", `{}`, "reading users as JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p := newPool(t, cognito.PoolConfig{})
			file := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := p.SeedFile(file)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "an a") {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	_, p := newPool(t, cognito.PoolConfig{})
	if _, err := p.SeedFile(filepath.Join(t.TempDir(), "missing.csv")); err == nil {
		t.Error("a missing file: no error")
	}
}

func TestParsePool(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]cognito.PoolConfig{
		poolID: {ID: poolID},
		poolID + ",alias=email+preferred_username,recovery=verified_email,email=DEVELOPER,case-insensitive,replica": {
			ID: poolID, AliasAttributes: []string{"email", "preferred_username"}, Recovery: []string{"verified_email"}, EmailSendingAccount: "DEVELOPER", CaseInsensitive: true, Replica: true,
		},
		poolID + ",usernames=email,on-demand=u[0-9]{1,7}": {ID: poolID, UsernameAttributes: []string{"email"}, OnDemand: "u[0-9]{1,7}"},
		poolID + ",custom-message":                        {ID: poolID, CustomMessage: "arn:aws:lambda:eu-west-1:123456789012:function:custom-message"},
	} {
		got, err := cognito.ParsePool(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{"pool", poolID + ",shoe", poolID + ",alias=shoe", poolID + ",usernames=preferred_username", poolID + ",email=SES", poolID + ",on-demand=(", poolID + ",recovery=owl"} {
		if _, err := cognito.ParsePool(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestParseQuota(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]cognito.Limit{
		"UserAccountRecovery=30":             {Rate: 30},
		"UserAccountRecovery=0.5,burst=3":    {Rate: 0.5, Burst: 3},
		"UserAccountRecovery=15,window":      {Rate: 15, Window: true},
		"UserAccountRecovery=unlimited":      {Unlimited: true},
		"UserAccountRecovery=1e3,burst=10.5": {Rate: 1000, Burst: 10.5},
	} {
		category, got, err := cognito.ParseQuota(text)
		if category != cognito.UserAccountRecovery || got != want || err != nil {
			t.Errorf("%s: got %s %+v, %v; want %+v", text, category, got, err, want)
		}
	}
	for _, text := range []string{"", "UserAccountRecovery", "UserAccountRecovery=", "Shoe=1", "UserList=0", "UserList=-1", "UserList=NaN", "UserList=Inf", "UserList=1,burst=0", "UserList=1,burst=x", "UserList=1,shoe", "UserList=unlimited,window"} {
		if _, _, err := cognito.ParseQuota(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	s := cognito.DefaultSwitches()
	for _, sw := range s.List() {
		if sw.Value != sw.Default || sw.About == "" {
			t.Errorf("%+v", sw)
		}
		if err := s.Set(sw.Name, sw.Value); err != nil {
			t.Errorf("setting %s to its own value: %v", sw.Name, err)
		}
	}
	if s != cognito.DefaultSwitches() {
		t.Errorf("setting switches to their defaults changed them: %+v", s)
	}
	for name, value := range map[string]string{
		"attempt-limit": "7", "list-lag": "3s", "email-cap-silent": "true", "federated-error": "not-found", "throttle-text": "Too many requests",
	} {
		if err := s.Set(name, value); err != nil {
			t.Error(err)
		}
	}
	want := cognito.DefaultSwitches()
	want.AttemptLimit, want.ListLag, want.EmailCapSilent, want.FederatedError, want.ThrottleText = 7, 3e9, true, "not-found", "Too many requests"
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	for name, value := range map[string]string{
		"shoe": "true", "attempt-limit": "-1", "list-lag": "3", "email-cap-silent": "perhaps", "federated-error": "anything", "ses-per-day": "x",
	} {
		if err := s.Set(name, value); err == nil {
			t.Errorf("%s=%s: no error", name, value)
		}
	}
	if s != want {
		t.Errorf("refused values changed the switches: %+v", s)
	}
}
