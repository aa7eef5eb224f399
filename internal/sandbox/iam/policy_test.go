package iam

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const sample = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Queue", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:Get*"], "Resource": "arn:aws:sqs:eu-west-1:1:jobs"},
    {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"kms:ViaService": ["sqs.eu-west-1.amazonaws.com"]}}},
    {"Effect": "Deny", "Action": "sqs:GetQueueUrl", "Resource": "arn:aws:sqs:*:1:secret-?"},
    {"Effect": "Allow", "Action": "sqs:GetQueueUrl", "Resource": "*"},
    {"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": "t", "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["jobs", "work#*"]}}}
  ]
}`

func TestAllowed(t *testing.T) {
	t.Parallel()
	p, err := Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	const jobs = "arn:aws:sqs:eu-west-1:1:jobs"
	for _, c := range []struct {
		name             string
		action, resource string
		context          map[string][]string
		want             bool
	}{
		{"granted", "sqs:SendMessage", jobs, nil, true},
		{"in any case", "SQS:sendmessage", jobs, nil, true},
		{"by wildcard", "sqs:GetQueueAttributes", jobs, nil, true},
		{"another action", "sqs:ReceiveMessage", jobs, nil, false},
		{"another resource", "sqs:SendMessage", jobs + "-dlq", nil, false},
		{"an ARN in another case", "sqs:SendMessage", strings.ToUpper(jobs), nil, false},
		{"the condition holds", "kms:Decrypt", "k", map[string][]string{"kms:ViaService": {"sqs.eu-west-1.amazonaws.com"}}, true},
		{"the condition does not", "kms:Decrypt", "k", map[string][]string{"kms:ViaService": {"dynamodb.eu-west-1.amazonaws.com"}}, false},
		{"the condition's key is missing", "kms:Decrypt", "k", nil, false},
		{"all values", "dynamodb:UpdateItem", "t", map[string][]string{"dynamodb:LeadingKeys": {"jobs", "work#1"}}, true},
		{"not all values", "dynamodb:UpdateItem", "t", map[string][]string{"dynamodb:LeadingKeys": {"jobs", "list#1"}}, false},
		{"no values", "dynamodb:UpdateItem", "t", nil, true},
		{"denied though allowed", "sqs:GetQueueUrl", "arn:aws:sqs:eu-west-1:1:secret-1", nil, false},
		{"the denial is of others", "sqs:GetQueueUrl", "arn:aws:sqs:eu-west-1:1:secret-12", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Allowed(Request{c.action, c.resource, c.context}, p); got != c.want {
				t.Errorf("Allowed(%s on %s) = %v, want %v", c.action, c.resource, got, c.want)
			}
		})
	}
	if Allowed(Request{Action: "sqs:SendMessage", Resource: jobs}) {
		t.Error("no policy allows something")
	}
	if Allowed(Request{Action: "sqs:SendMessage", Resource: jobs}, p.Without("sqs:SendMessage")) {
		t.Error("without the action the policy still allows it")
	}
	want := []string{"dynamodb:UpdateItem", "kms:Decrypt", "sqs:Get*", "sqs:GetQueueUrl", "sqs:SendMessage"}
	if d := cmp.Diff(want, p.Actions()); d != "" {
		t.Errorf("Actions (-want +got):\n%s", d)
	}
}

// What is not understood is an error: ignoring it would make a policy look
// tighter, or wider, than it is at AWS.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ doc, want string }{
		"no JSON":             {`x`, "invalid character"},
		"two documents":       {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a","Resource":"b"}]}{}`, "follows its end"},
		"the old version":     {`{"Version":"2008-10-17","Statement":[]}`, `version "2008-10-17"`},
		"no statement":        {`{"Version":"2012-10-17","Statement":[]}`, "no statement"},
		"NotAction":           {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"a","Resource":"b"}]}`, "NotAction"},
		"no resource":         {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a"}]}`, "needs an Action and a Resource"},
		"no effect":           {`{"Version":"2012-10-17","Statement":[{"Action":"a","Resource":"b"}]}`, "want Allow or Deny"},
		"an unknown operator": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a","Resource":"b","Condition":{"Bool":{"k":"true"}}}]}`, "condition Bool"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(c.doc))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse: %v, want an error with %q", err, c.want)
			}
		})
	}
}

// A regular expression is the model of the wildcards.
func TestMatchModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "s")
		want := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$").MatchString(s)
		if got := match(pattern, s); got != want {
			t.Fatalf("match(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":"?"}]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		p, err := Parse([]byte(doc))
		if err != nil {
			return
		}
		for _, a := range p.Actions() {
			for _, b := range p.Without(a).Actions() {
				if a == b {
					t.Fatalf("%q is still there", a)
				}
			}
		}
	})
}

func TestGuard(t *testing.T) {
	t.Parallel()
	p, err := Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	send := Request{Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-west-1:1:jobs"}
	var g Guard
	if !g.Allows("A", send) || len(g.Asked()) != 0 {
		t.Error("a guard without policies refuses or remembers")
	}
	g.Add("A", p)
	g.Set("B")
	if !g.Allows("A", send) || g.Allows("B", send) || !g.Allows("C", send) || !g.Allows("A", send) {
		t.Error("want A allowed, B refused, and C, which is not set, allowed")
	}
	g.Set("", p)
	if !g.Allows("C", send) {
		t.Error("C is refused what all others may")
	}
	var got []string
	for _, a := range g.Asked() {
		got = append(got, a.String())
	}
	const what = ": sqs:SendMessage on arn:aws:sqs:eu-west-1:1:jobs"
	if d := cmp.Diff([]string{"A" + what, "B" + what + " (refused)", "C" + what}, got); d != "" {
		t.Errorf("Asked (-want +got):\n%s", d)
	}
}
