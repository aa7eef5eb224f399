package deploy

import (
	"slices"
	"strings"
	"testing"

	"relock/internal/sandbox/iam"
)

// TestPoliciesSuffice runs a night in which the sandbox allows each program only
// what its policy in deploy/iam grants, and then takes each grant away: what
// nobody asked for has no place in the policy.
func TestPoliciesSuffice(t *testing.T) {
	n := newNight(t, nil)
	for _, problem := range n.whole(sender) {
		t.Error(problem)
	}
	asked := n.guard.Asked()
	checkRefused(t, asked)
	checkNeeded(t, asked, func(action string) bool { return !strings.HasPrefix(action, "dynamodb:") })
}

// checkRefused fails for each call that was refused: programs also survive the
// refusal of some.
func checkRefused(t *testing.T, asked []iam.Asked) {
	t.Helper()
	for _, a := range asked {
		if !a.Allowed {
			t.Error(a)
		}
	}
}

// checkNeeded takes each grant away that the test is for: something that was
// asked for has to be refused without it.
func checkNeeded(t *testing.T, asked []iam.Asked, mine func(action string) bool) {
	t.Helper()
	seen := 0
	for _, name := range []string{"enqueue", "table", "worker", "operator", "reader"} {
		for _, g := range grants(name, policy(t, name)) {
			if !mine(g.action) {
				continue
			}
			seen++
			if !slices.ContainsFunc(asked, func(a iam.Asked) bool { return misses(t, a, g) }) {
				t.Errorf("deploy/iam/%s.json grants %s on %s (%s %s), and nobody misses it", g.policy, g.action, g.resource, g.sid, g.value)
			}
		}
	}
	if seen == 0 {
		t.Error("no grant was looked at")
	}
}

// misses reports whether what was allowed is refused without the grant.
func misses(t *testing.T, a iam.Asked, g grant) bool {
	t.Helper()
	i := slices.IndexFunc(roles, func(r role) bool { return r.key == a.Key })
	if i < 0 || !a.Allowed || !slices.Contains(roles[i].policies, g.policy) {
		return false
	}
	var rest []iam.Policy
	for _, name := range roles[i].policies {
		p := policy(t, name)
		if name == g.policy {
			p = without(p, g)
		}
		rest = append(rest, p)
	}
	return !iam.Allowed(a.Request, rest...)
}

// TestPoliciesGrantNothingElse: of what would do harm, nobody has anything.
func TestPoliciesGrantNothingElse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"enqueue", "worker", "operator", "reader", "table"} {
		for _, action := range policy(t, name).Actions() {
			if strings.ContainsAny(action, "*?") {
				t.Errorf("deploy/iam/%s.json grants %s: name each action", name, action)
			}
			_, verb, _ := strings.Cut(action, ":")
			if name == "reader" && verb != "Query" && !strings.HasPrefix(verb, "Get") && !strings.HasPrefix(verb, "BatchGet") {
				t.Errorf("deploy/iam/reader.json grants %s, which does not read", action)
			}
			switch action {
			case "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:DeleteTable", "sqs:PurgeQueue", "sqs:DeleteQueue",
				"cognito-idp:AdminSetUserPassword", "cognito-idp:AdminDeleteUser":
				t.Errorf("deploy/iam/%s.json grants %s", name, action)
			case "cognito-idp:AdminResetUserPassword", "cognito-idp:AdminUserGlobalSignOut":
				if name != "worker" {
					t.Errorf("deploy/iam/%s.json grants %s, which is the worker's alone", name, action)
				}
			}
		}
	}
}
