package fault

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a rule as the flag --fault writes it:
//
//	NAME[@SERVICE[.OPERATION]]=RATE[,count=N][,skip=N][,DISTRIBUTION][,code=C][,status=N][,query-code=C][,message=TEXT]
//
// for example "throttle@cognito-idp.AdminResetUserPassword=0.05" or
// "latency=1,uniform:70ms:130ms" or "reset-after@sqs=1,count=2,skip=10" or
// "error@sqs.SendMessage=0.1,code=KmsThrottled,message=too fast". A message
// comes last and may hold commas.
func Parse(s string) (Rule, error) {
	head, tail, ok := strings.Cut(s, "=")
	if !ok {
		return Rule{}, fmt.Errorf("fault %q: write NAME=RATE, for example throttle=0.05", s)
	}
	var r Rule
	where := ""
	r.Name, where, _ = strings.Cut(head, "@")
	r.Service, r.Operation, _ = strings.Cut(where, ".")
	tail, r.Message, _ = strings.Cut(tail, ",message=")
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
		case named && key == "code":
			r.Code = value
		case named && key == "query-code":
			r.QueryCode = value
		case named && key == "status":
			r.Status, err = strconv.Atoi(value)
		case !named:
			r.Latency, err = ParseDistribution(part)
		default:
			err = fmt.Errorf("there is no parameter %s; write count, skip, code, query-code, status, message or a distribution", key)
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
	if r.Code != "" {
		b.WriteString(",code=" + r.Code)
	}
	if r.QueryCode != "" {
		b.WriteString(",query-code=" + r.QueryCode)
	}
	if r.Status != 0 {
		fmt.Fprintf(&b, ",status=%d", r.Status)
	}
	if r.Message != "" {
		b.WriteString(",message=" + r.Message)
	}
	return b.String()
}
