package cognito_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox/cognito"
)

// The side door: set a scene, look at it, change how it behaves.
func TestInspect(t *testing.T) {
	t.Parallel()
	c := cognito.New(cognito.Config{LogSize: 2})
	h := c.Inspect()
	do := func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	ok := func(method, path, body string, into any) {
		t.Helper()
		status, text := do(method, path, body)
		if status != 200 {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
		if into != nil {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				t.Fatalf("%s %s: %v in %s", method, path, err, text)
			}
		}
	}
	var view cognito.PoolView
	ok("POST", "/pools", `{"id": "`+poolID+`", "alias_attributes": ["email"], "email_sending_account": "DEVELOPER"}`, &view)
	ok("POST", "/pools/"+poolID+"/users", `[{"username": "ana", "email": "ana/1@example.com", "email_verified": true}, {"username": "bob"}]`, &view)
	if view.Users != 2 {
		t.Errorf("%+v, want 2 users", view)
	}
	for range 2 {
		if e := reset(t, c, "ana"); e != "" {
			t.Fatal(e)
		}
	}
	var u cognito.User
	ok("GET", "/pools/"+poolID+"/users/ana/1@example.com", "", &u)
	if u.Username != "ana" || len(u.Resets) != 2 || u.Code == "" {
		t.Errorf("ana is %+v", u)
	}
	if _, text := do("GET", "/pools/"+poolID+"/users?touched=1", ""); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"ana"`) {
		t.Errorf("touched users:\n%s", text)
	}
	if _, text := do("GET", "/pools/"+poolID+"/users", ""); strings.Count(text, "\n") != 2 {
		t.Errorf("all users:\n%s", text)
	}
	ok("PUT", "/switches/disabled-text", `{"value": "Off."}`, nil)
	if got := c.Switches().DisabledText; got != "Off." {
		t.Errorf("the switch is %q", got)
	}
	ok("PUT", "/pools/"+poolID+"/trouble", `{"trouble": "email-role"}`, &view)
	if view.Trouble != cognito.EmailRole {
		t.Errorf("trouble %q", view.Trouble)
	}
	if e := reset(t, c, "ana"); !strings.HasPrefix(e, "InvalidEmailRoleAccessPolicyException") {
		t.Errorf("in trouble: %q", e)
	}
	ok("PUT", "/quotas/UserAccountRecovery", `{"rate": 1, "burst": 1}`, nil)
	reset(t, c, "bob")
	reset(t, c, "bob")
	var q cognito.QuotaView
	ok("GET", "/quotas", "", &q)
	if n := q.Usage[0].Throttled["AKIATEST"]; n != 1 || q.Limits[cognito.UserAccountRecovery].Rate != 1 {
		t.Errorf("quotas %+v: %d throttled, want 1", q, n)
	}
	_, text := do("GET", "/log", "")
	var last cognito.Event
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	if len(lines) != 2 || last.Code != "TooManyRequestsException" || last.Category != cognito.UserAccountRecovery || last.Caller != "AKIATEST" {
		t.Errorf("%d lines in the log, the last is %+v", len(lines), last)
	}
	var m cognito.MailUsage
	ok("GET", "/mail", "", &m)
	if m.SES != 2 {
		t.Errorf("mail %+v, want 2 by SES", m)
	}
	for _, bad := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/pools/nowhere/users", "", 404},
		{"GET", "/pools/" + poolID + "/users/nobody", "", 404},
		{"POST", "/pools", `{"id": "` + poolID + `"}`, 400},
		{"POST", "/pools", `{"shoe": 1}`, 400},
		{"POST", "/pools/" + poolID + "/users", `[{"username": "ana"}]`, 400},
		{"PUT", "/pools/" + poolID + "/trouble", `{"trouble": "shoe"}`, 400},
		{"PUT", "/quotas/Shoe", `{"rate": 1}`, 400},
		{"PUT", "/quotas/UserList", `{"rate": 0}`, 400},
		{"PUT", "/switches/shoe", `{"value": "1"}`, 400},
		{"DELETE", "/pools", "", 405},
	} {
		if status, text := do(bad.method, bad.path, bad.body); status != bad.status {
			t.Errorf("%s %s: %d %s, want %d", bad.method, bad.path, status, text, bad.status)
		}
	}
	c.Reset()
	if got := c.Switches(); got != cognito.DefaultSwitches() || len(c.Pools()) != 0 || len(c.Usage()) != 0 || len(c.Log()) != 0 {
		t.Errorf("after Reset: %+v, %d pools, usage %v, %d calls", got, len(c.Pools()), c.Usage(), len(c.Log()))
	}
	if diff := cmp.Diff(cognito.MailUsage{EmailDay: c.Mail().EmailDay}, c.Mail()); diff != "" {
		t.Error(diff)
	}
}
