package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relock/internal/sandbox/iam"
)

const (
	root    = "../.."
	account = "123456789012"
	region  = "eu-west-1"
	table   = "relock"
	poolID  = "eu-west-1_Deploy001"

	tableARN = "arn:aws:dynamodb:" + region + ":" + account + ":table/" + table
	keyARN   = "arn:aws:kms:" + region + ":" + account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	queueARN = "arn:aws:sqs:" + region + ":" + account + ":relock"
	deadARN  = "arn:aws:sqs:" + region + ":" + account + ":relock-dlq"
	poolARN  = "arn:aws:cognito-idp:" + region + ":" + account + ":userpool/" + poolID
)

// values are what deploy/terraform puts into the templates.
var values = strings.NewReplacer(
	"${region}", region, "${queue_arn}", queueARN, "${dead_letter_queue_arn}", deadARN,
	"${key_arn}", keyARN, "${table_arn}", tableARN, "${user_pool_arns}", poolARN,
)

// policy reads a policy of deploy/iam.
func policy(t *testing.T, name string) iam.Policy {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join(root, "deploy", "iam", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	text := values.Replace(string(doc))
	if i := strings.Index(text, "${"); i >= 0 {
		t.Fatalf("deploy/iam/%s.json: nobody fills in %.30s", name, text[i:])
	}
	p, err := iam.Parse([]byte(text))
	if err != nil {
		t.Fatalf("deploy/iam/%s.json: %v", name, err)
	}
	return p
}

// grant is one action on one resource that a policy allows or, where value is not
// empty, one value that a condition of it takes.
type grant struct{ policy, sid, action, resource, value string }

// grants are all of a policy.
func grants(name string, p iam.Policy) []grant {
	var all []grant
	for _, s := range p.Statements {
		for _, a := range s.Actions {
			for _, r := range s.Resources {
				all = append(all, grant{name, s.Sid, a, r, ""})
				for _, c := range s.Conditions {
					for _, v := range c.Values {
						all = append(all, grant{name, s.Sid, a, r, v})
					}
				}
			}
		}
	}
	return all
}

// without is the policy without one grant.
func without(p iam.Policy, g grant) iam.Policy {
	var out iam.Policy
	for _, s := range p.Statements {
		for _, a := range s.Actions {
			for _, r := range s.Resources {
				one := s
				one.Actions, one.Resources = []string{a}, []string{r}
				if (grant{g.policy, s.Sid, a, r, g.value}) == g {
					if g.value == "" {
						continue
					}
					one.Conditions = withoutValue(s.Conditions, g.value)
				}
				out.Statements = append(out.Statements, one)
			}
		}
	}
	return out
}

func withoutValue(conditions []iam.Condition, value string) []iam.Condition {
	var out []iam.Condition
	for _, c := range conditions {
		c.Values = slices.DeleteFunc(slices.Clone(c.Values), func(v string) bool { return v == value })
		out = append(out, c)
	}
	return out
}
