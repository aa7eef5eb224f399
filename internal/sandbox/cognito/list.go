package cognito

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"relock/internal/sandbox/wire"
)

// pageSize is the most users and groups that one reply holds.
const pageSize = 60

type listUsersInput struct {
	UserPoolId      *string
	AttributesToGet []string
	Limit           *int
	PaginationToken *string
	Filter          *string
}

func (in *listUsersInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.each("attributesToGet", in.AttributesToGet, ruleAttrName)
	k.between("limit", in.Limit, 0, pageSize)
	k.may("paginationToken", in.PaginationToken, ruleToken)
	k.may("filter", in.Filter, ruleFilter)
}

// listUsers shows users in the order of their creation. Those who were never
// called by name in a pool that makes up users on demand are not there, unless a
// filter asks for the very username.
func (c *Cognito) listUsers(call *wire.Call, in *listUsersInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	for _, a := range in.AttributesToGet {
		if a == "sub" {
			// Reported in aws-samples/sample-collaborative-ai-dlc#52.
			return nil, invalid("Input fails to satisfy the constraints.")
		}
		if !slices.Contains(standardAttributes, a) && !strings.HasPrefix(a, "custom:") && !strings.HasPrefix(a, "dev:") {
			return nil, invalid("One or more requested attributes do not exist.")
		}
	}
	text := ""
	if in.Filter != nil {
		text = *in.Filter
	}
	f, err := parseFilter(text, c.sw().FilterQuotesOnly)
	if err != nil {
		return nil, err
	}
	// A token belongs to its query: another filter makes it invalid
	// (aws/aws-sdk-js#3705).
	at, err := readToken(in.PaginationToken, "users", p.id+"\x00"+text, "Paging Marker is Invalid for Request")
	if err != nil {
		return nil, err
	}
	lag, now := c.sw().ListLag, call.At.UnixNano()
	var out struct {
		Users           []userJSON
		PaginationToken string `json:",omitempty"`
	}
	out.Users = []userJSON{}
	limit := limitOf(in.Limit)
	show := func(u *user) {
		u.mu.Lock()
		defer u.mu.Unlock()
		v := u.seen(now, lag)
		if v.exists && f.matches(p, u, v) {
			out.Users = append(out.Users, p.render(u, v, in.AttributesToGet))
		}
	}
	list := p.all()
	if one, ok := p.exact(f, now, lag); ok {
		list = one // instead of looking through a million
	}
	for ; at < len(list); at++ {
		if len(out.Users) == limit {
			out.PaginationToken = writeToken("users", p.id+"\x00"+text, at)
			break
		}
		show(list[at])
	}
	return out, nil
}

// exact finds the user of a filter that only one user can match, by the index, and
// makes one up where the pool does so. ok is false where the listing has to be
// looked through: for other filters, and with a lag, which shows the past.
func (p *Pool) exact(f *filter, now int64, lag time.Duration) (users []*user, ok bool) {
	if f == nil || f.prefix {
		return nil, false
	}
	var u *user
	switch f.attribute {
	case "username":
		if u = p.names.get(p.fold(f.value)); u == nil && p.onDemand != nil && p.onDemand.MatchString(f.value) {
			u = p.makeUp(p.fold(f.value), now)
		}
		ok = true
	case "sub":
		// One made up on demand is in the index once somebody has asked.
		u = p.subs.get(f.value)
		ok = u != nil
	}
	if u != nil {
		users = []*user{u}
	}
	return users, ok && lag == 0
}

func limitOf(n *int) int {
	if n == nil || *n == 0 {
		return pageSize
	}
	return *n
}

// writeToken makes an opaque token of a position in a listing; readToken takes
// it back if it is of the same listing.
func writeToken(kind, query string, at int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s\x00%s\x00%d", kind, query, at))
}

func readToken(token *string, kind, query, message string) (int, error) {
	if token == nil {
		return 0, nil
	}
	b, err := base64.StdEncoding.DecodeString(*token)
	rest, ok := strings.CutPrefix(string(b), kind+"\x00"+query+"\x00")
	var at int
	if err == nil && ok {
		_, err = fmt.Sscanf(rest, "%d", &at)
	}
	if err != nil || !ok || at < 0 {
		return 0, invalid("%s", message)
	}
	return at, nil
}
