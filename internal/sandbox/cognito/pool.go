package cognito

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"relock/internal/sandbox/wire"
)

// Pool is one user pool. It is safe for concurrent use.
type Pool struct {
	c       *Cognito
	id      string
	region  string
	created int64

	folded   bool // names ignore case
	aliases  []string
	nameAttr []string
	replica  bool
	estimate int32 // of its users, for DescribeUserPool; 0 is the number of records
	onDemand *regexp.Regexp

	names *index // by folded username
	alias *index // by folded alias
	subs  *index // by sub, of those that were shown or seeded

	settings atomic.Pointer[settings]
	trouble  atomic.Pointer[trouble]
	count    atomic.Int64

	mu     sync.RWMutex // guards list, groups
	list   []*user      // in the order of their creation, deleted ones too: pages count on it
	groups map[string]*group
	gnames []string
}

// ID is the pool's ID, which begins with its Region.
func (p *Pool) ID() string { return p.id }

// Region is where the pool is.
func (p *Pool) Region() string { return p.region }

// ARN names the pool in IAM policies.
func (p *Pool) ARN() string {
	return "arn:aws:cognito-idp:" + p.region + ":" + p.c.account + ":userpool/" + p.id
}

// Len is the number of users that have a record.
func (p *Pool) Len() int { return int(p.count.Load()) }

// fold is a name as the indexes know it.
func (p *Pool) fold(name string) string {
	if p.folded {
		return strings.ToLower(name)
	}
	return name
}

// find is the user whom a request names: by username, by a verified alias, or
// by the sub of a local user (API reference, AdminResetUserPassword, Username).
// It makes up users on demand.
func (p *Pool) find(name string, now int64) *user {
	key := p.fold(name)
	if u := p.names.get(key); u != nil {
		return u
	}
	if len(p.aliases)+len(p.nameAttr) > 0 {
		if u := p.alias.get(key); u != nil {
			return u
		}
	}
	if sub := strings.ToLower(name); looksLikeSub(sub) {
		if u := p.subs.get(sub); u != nil && u.current() != ExternalProvider {
			return u
		}
	}
	if p.onDemand != nil && p.onDemand.MatchString(name) {
		return p.makeUp(key, now)
	}
	return nil
}

func (p *Pool) makeUp(key string, now int64) *user {
	u, fresh := p.names.add(key, func() *user {
		// The record's time is the pool's: the user "was there" all along.
		return &user{name: strings.Clone(key), created: p.created, modified: p.created, status: Confirmed, onDemand: true}
	})
	if fresh {
		p.append(u)
		if slices.Contains(p.aliases, "email") {
			p.alias.put(onDemandEmail(key), u)
		}
	}
	return u
}

func (u *user) current() Status {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.status
}

// append makes a new user visible to listings.
func (p *Pool) append(u *user) {
	p.count.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, u)
}

// all is the list of users at this moment. It may be read without a lock, since
// it only ever grows.
func (p *Pool) all() []*user {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.list
}

// subOf is the locked user's sub, made up at the first question.
func (p *Pool) subOf(u *user) string {
	if u.sub == "" {
		u.sub = madeUpSub(p.id, u.name)
		p.subs.put(u.sub, u)
	}
	return u.sub
}

// user finds the user of a request, or says that there is none.
func (p *Pool) user(call *wire.Call, name string) (*user, error) {
	call.Note = name
	u := p.find(name, call.At.UnixNano())
	if u == nil {
		return nil, userNotFound()
	}
	return u, nil
}

// writable refuses operations that a replica does not have.
func (p *Pool) writable() error {
	if p.replica {
		return wire.Errorf("OperationNotEnabledException", "Operation is not enabled for this user pool in this region.")
	}
	return nil
}

// Users yields the users that have a record, in the order of their creation.
func (p *Pool) Users() iter.Seq[User] {
	return func(yield func(User) bool) {
		for _, u := range p.all() {
			if s := p.snapshot(u); !u.gone() && !yield(s) {
				return
			}
		}
	}
}

func (u *user) gone() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.deleted
}

// User is the user whom this name, alias or sub means.
func (p *Pool) User(name string) (User, bool) {
	u := p.find(name, p.c.now().UnixNano())
	if u == nil {
		return User{}, false
	}
	return p.snapshot(u), true
}

// Resets are the accepted resets of the user with this username, oldest first.
// Unlike User it makes up nobody.
func (p *Pool) Resets(username string) []Reset {
	u := p.names.get(p.fold(username))
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	out := make([]Reset, len(u.resets))
	for i, r := range u.resets {
		out[i] = r.public()
	}
	return out
}
