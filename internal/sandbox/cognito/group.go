package cognito

import (
	"slices"

	"relock/internal/sandbox/wire"
)

// group is a group of a pool, guarded by Pool.mu.
type group struct {
	name, description string
	role              *string
	precedence        *int
	created           int64
	members           []*user // those who left are nil: pages count on the positions
}

type groupJSON struct {
	GroupName        string
	UserPoolId       string
	Description      string  `json:",omitempty"`
	RoleArn          *string `json:",omitempty"`
	Precedence       *int    `json:",omitempty"`
	LastModifiedDate stamp
	CreationDate     stamp
}

func (p *Pool) renderGroup(g *group) groupJSON {
	return groupJSON{
		GroupName: g.name, UserPoolId: p.id, Description: g.description, RoleArn: g.role, Precedence: g.precedence,
		LastModifiedDate: stamp(g.created), CreationDate: stamp(g.created),
	}
}

type groupInput struct {
	UserPoolId  *string
	GroupName   *string
	Username    *string
	Description *string
	RoleArn     *string
	Precedence  *int
	Limit       *int
	NextToken   *string
}

func (in *groupInput) checkGroup(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.need("groupName", in.GroupName, ruleGroup)
	k.may("description", in.Description, ruleDescription)
	if in.Precedence != nil && *in.Precedence < 0 {
		k.between("precedence", in.Precedence, 0, *in.Precedence)
	}
	k.between("limit", in.Limit, 0, pageSize)
	k.may("nextToken", in.NextToken, ruleNextToken)
}

func (in *groupInput) checkMember(k *checks) {
	in.checkGroup(k)
	k.need("username", in.Username, ruleUsername)
}

func (in *groupInput) checkGroups(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.between("limit", in.Limit, 0, pageSize)
	k.may("nextToken", in.NextToken, ruleNextToken)
}

func (c *Cognito) createGroup(call *wire.Call, in *groupInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := p.writable(); err != nil {
		return nil, err
	}
	g := &group{name: *in.GroupName, role: in.RoleArn, precedence: in.Precedence, created: call.At.UnixNano()}
	if in.Description != nil {
		g.description = *in.Description
	}
	if !p.addGroup(g) {
		return nil, wire.Errorf("GroupExistsException", "A group with the name already exists.")
	}
	return struct{ Group groupJSON }{p.renderGroup(g)}, nil
}

func (p *Pool) addGroup(g *group) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.groups[g.name] != nil {
		return false
	}
	p.groups[g.name] = g
	p.gnames = append(p.gnames, g.name)
	return true
}

func groupNotFound() error { return wire.Errorf("ResourceNotFoundException", "Group not found.") }

func (c *Cognito) listGroups(call *wire.Call, in *groupInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	at, err := readToken(in.NextToken, "groups", p.id, "Invalid token.")
	if err != nil {
		return nil, err
	}
	var out struct {
		Groups    []groupJSON
		NextToken string `json:",omitempty"`
	}
	out.Groups = []groupJSON{}
	p.mu.RLock()
	defer p.mu.RUnlock()
	limit := limitOf(in.Limit)
	for ; at < len(p.gnames); at++ {
		if len(out.Groups) == limit {
			out.NextToken = writeToken("groups", p.id, at)
			break
		}
		out.Groups = append(out.Groups, p.renderGroup(p.groups[p.gnames[at]]))
	}
	return out, nil
}

func (c *Cognito) adminAddUserToGroup(call *wire.Call, in *groupInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(p *Pool, u *user, _ *Switches, _ int64) error {
		if !p.join(u, *in.GroupName) {
			return groupNotFound()
		}
		return nil
	})
}

// join makes the locked user a member.
func (p *Pool) join(u *user, name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.groups[name]
	if g == nil {
		return false
	}
	if e := u.more(); !slices.Contains(e.groups, name) {
		e.groups = append(e.groups, name)
		g.members = append(g.members, u)
	}
	return true
}

func (c *Cognito) adminRemoveUserFromGroup(call *wire.Call, in *groupInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(p *Pool, u *user, _ *Switches, _ int64) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		g := p.groups[*in.GroupName]
		if g == nil {
			return groupNotFound()
		}
		g.leave(u)
		return nil
	})
}

func (g *group) leave(u *user) {
	if u.extra == nil {
		return
	}
	u.extra.groups = slices.DeleteFunc(u.extra.groups, func(n string) bool { return n == g.name })
	if i := slices.Index(g.members, u); i >= 0 {
		g.members[i] = nil
	}
}

// leaveGroups takes the locked user, who is deleted, out of all groups.
func (p *Pool) leaveGroups(u *user) {
	if u.extra == nil || len(u.extra.groups) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range slices.Clone(u.extra.groups) {
		p.groups[name].leave(u)
	}
}

func (c *Cognito) listUsersInGroup(call *wire.Call, in *groupInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	at, err := readToken(in.NextToken, "members", p.id+"\x00"+*in.GroupName, "Invalid token.")
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	g := p.groups[*in.GroupName]
	var members []*user
	if g != nil {
		members = slices.Clone(g.members[min(at, len(g.members)):min(len(g.members), at+1000)])
	}
	p.mu.RUnlock()
	if g == nil {
		return nil, groupNotFound()
	}
	var out struct {
		Users     []userJSON
		NextToken string `json:",omitempty"`
	}
	out.Users = []userJSON{}
	limit := limitOf(in.Limit)
	for i, u := range members {
		if len(out.Users) == limit {
			out.NextToken = writeToken("members", p.id+"\x00"+*in.GroupName, at+i)
			break
		}
		if u != nil {
			out.Users = append(out.Users, p.shown(u, call.At.UnixNano(), c.sw())...)
		}
	}
	if out.NextToken == "" && len(members) == 1000 {
		out.NextToken = writeToken("members", p.id+"\x00"+*in.GroupName, at+1000)
	}
	return out, nil
}

// shown is the user as a listing shows it, or nobody.
func (p *Pool) shown(u *user, now int64, s *Switches) []userJSON {
	u.mu.Lock()
	defer u.mu.Unlock()
	v := u.seen(now, s.ListLag)
	if !v.exists {
		return nil
	}
	return []userJSON{p.render(u, v, nil)}
}
