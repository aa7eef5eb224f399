package fault

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a rule as the flag --fault writes it:
//
//	NAME[@SERVICE[.OPERATION]]=RATE[,count=N][,skip=N][,DISTRIBUTION]
//
// for example "throttle@cognito-idp.AdminResetUserPassword=0.05" or
// "latency=1,uniform:70ms:130ms" or "reset-after@sqs=1,count=2,skip=10".
func Parse(s string) (Rule, error) {
	head, tail, ok := strings.Cut(s, "=")
	if !ok {
		return Rule{}, fmt.Errorf("fault %q: write NAME=RATE, for example throttle=0.05", s)
	}
	var r Rule
	where := ""
	r.Name, where, _ = strings.Cut(head, "@")
	r.Service, r.Operation, _ = strings.Cut(where, ".")
	for i, part := range strings.Split(tail, ",") {
		var err error
		key, value, named := strings.Cut(part, "=")
		switch {
		case i == 0:
			r.Rate, err = strconv.ParseFloat(part, 64)
		case named && key == "count":
			r.Count, err = strconv.ParseInt(value, 10, 64)
		case named && key == "skip":
			r.Skip, err = strconv.ParseInt(value, 10, 64)
		case !named:
			r.Latency, err = ParseDistribution(part)
		default:
			err = fmt.Errorf("there is no parameter %s; write count=N, skip=N or a distribution", key)
		}
		if err != nil {
			return Rule{}, fmt.Errorf("fault %q: reading %q: %w", s, part, err)
		}
	}
	if err := r.Validate(); err != nil {
		return Rule{}, err
	}
	return r, nil
}

// String writes the rule as Parse reads it.
func (r Rule) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if r.Service != "" {
		b.WriteString("@" + r.Service)
		if r.Operation != "" {
			b.WriteString("." + r.Operation)
		}
	}
	fmt.Fprintf(&b, "=%v", r.Rate)
	if r.Skip > 0 {
		fmt.Fprintf(&b, ",skip=%d", r.Skip)
	}
	if r.Count > 0 {
		fmt.Fprintf(&b, ",count=%d", r.Count)
	}
	if r.Latency != nil {
		b.WriteString("," + r.Latency.String())
	}
	return b.String()
}
