// Package iam reads identity policies and decides by them, as far as the
// policies of deploy/ go: Allow and Deny, actions and resources with wildcards,
// and the conditions StringEquals, StringLike and ForAllValues:StringLike. Whatever
// else a policy holds is an error, so that nothing in it is quietly ignored.
package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// version is the one version of the policy language. Source: "IAM JSON policy
// elements: Version" in the IAM User Guide.
const version = "2012-10-17"

// Policy is an identity policy. The zero value grants nothing. It is not changed
// after it was read, and may be used concurrently.
type Policy struct{ Statements []Statement }

// Statement is one rule of a policy.
type Statement struct {
	Sid       string
	Deny      bool
	Actions   []string
	Resources []string
	// Conditions all have to hold.
	Conditions []Condition
}

// Condition wants the value of a key to be one of Values. A key that the request
// does not have fails it, unless it is for all values: then there is none to fail.
type Condition struct {
	Key    string
	Like   bool // with wildcards
	All    bool // each of the request's values has to be one of Values
	Values []string
}

// operators are the conditions that are known.
var operators = map[string]Condition{
	"StringEquals": {}, "StringLike": {Like: true}, "ForAllValues:StringLike": {Like: true, All: true},
}

// Request is what somebody wants to do.
type Request struct {
	// Action is "sqs:SendMessage"; case does not matter.
	Action string
	// Resource is an ARN, or "*" for actions without a resource.
	Resource string
	// Context has the condition keys, such as kms:ViaService, with their values.
	Context map[string][]string
}

// Parse reads a policy document.
func Parse(doc []byte) (Policy, error) {
	var in struct {
		Version   string
		ID        string `json:"Id"`
		Statement []json.RawMessage
	}
	if err := strict(doc, &in); err != nil {
		return Policy{}, fmt.Errorf("reading the policy: %w", err)
	}
	if in.Version != version {
		return Policy{}, fmt.Errorf("the policy has the version %q: want %q", in.Version, version)
	}
	if len(in.Statement) == 0 {
		return Policy{}, errors.New("the policy has no statement")
	}
	var p Policy
	for i, raw := range in.Statement {
		s, err := parseStatement(raw)
		if err != nil {
			return Policy{}, fmt.Errorf("statement %d of the policy: %w", i+1, err)
		}
		p.Statements = append(p.Statements, s)
	}
	return p, nil
}

// strict decodes one JSON value whose members are all known.
func strict(doc []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

// list is a string or a list of strings.
type list []string

// UnmarshalJSON takes both forms.
func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

func parseStatement(raw json.RawMessage) (Statement, error) {
	var in struct {
		Sid, Effect      string
		Action, Resource list
		Condition        map[string]map[string]list
	}
	if err := strict(raw, &in); err != nil {
		return Statement{}, err
	}
	s := Statement{Sid: in.Sid, Deny: in.Effect == "Deny", Actions: in.Action, Resources: in.Resource}
	switch {
	case in.Effect != "Allow" && in.Effect != "Deny":
		return s, fmt.Errorf("the effect is %q: want Allow or Deny", in.Effect)
	case len(in.Action) == 0 || len(in.Resource) == 0:
		return s, errors.New("it needs an Action and a Resource")
	}
	for _, op := range slices.Sorted(maps.Keys(in.Condition)) {
		c, ok := operators[op]
		if !ok {
			return s, fmt.Errorf("the condition %s is not known here: %s are", op, strings.Join(slices.Sorted(maps.Keys(operators)), ", "))
		}
		for _, key := range slices.Sorted(maps.Keys(in.Condition[op])) {
			c.Key, c.Values = key, in.Condition[op][key]
			s.Conditions = append(s.Conditions, c)
		}
	}
	return s, nil
}

// Actions are those that the policy allows, as it writes them, sorted, each once.
func (p Policy) Actions() []string {
	var all []string
	for _, s := range p.Statements {
		if !s.Deny {
			all = append(all, s.Actions...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Without is the policy without an action, as the policy writes it.
func (p Policy) Without(action string) Policy {
	var out Policy
	for _, s := range p.Statements {
		s.Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(a string) bool { return a == action })
		if len(s.Actions) > 0 {
			out.Statements = append(out.Statements, s)
		}
	}
	return out
}

// Allowed reports whether the policies together allow a request: one of them
// does, and none denies it. Source: "Policy evaluation logic" in the IAM User
// Guide, for a single account.
func Allowed(r Request, policies ...Policy) bool {
	allowed := false
	for _, p := range policies {
		for _, s := range p.Statements {
			if !s.matches(r) {
				continue
			}
			if s.Deny {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func (s *Statement) matches(r Request) bool {
	action := strings.ToLower(r.Action)
	if !slices.ContainsFunc(s.Actions, func(a string) bool { return match(strings.ToLower(a), action) }) {
		return false
	}
	if !slices.ContainsFunc(s.Resources, func(p string) bool { return match(p, r.Resource) }) {
		return false
	}
	return !slices.ContainsFunc(s.Conditions, func(c Condition) bool { return !c.holds(r.Context[c.Key]) })
}

func (c Condition) holds(values []string) bool {
	if !c.All && len(values) != 1 {
		return false
	}
	for _, v := range values {
		if !slices.ContainsFunc(c.Values, func(want string) bool { return want == v || c.Like && match(want, v) }) {
			return false
		}
	}
	return true
}

// match reports whether s fits a pattern, in which * is any text and ? any one
// byte.
func match(pattern, s string) bool {
	star, from := -1, 0 // the last *, and how far what it stands for goes
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
