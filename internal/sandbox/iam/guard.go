package iam

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Guard decides by the policies of access keys and remembers what was asked. The
// zero value lets everything pass. All methods may be called concurrently.
type Guard struct {
	mu    sync.Mutex
	by    map[string][]Policy
	asked map[string]Asked
}

// Asked is a request that a Guard decided, once for all that were alike.
type Asked struct {
	// Key is the access key of the caller.
	Key string
	Request
	Allowed bool
}

// String is for people: who, what, on what, and whether it was refused.
func (a Asked) String() string {
	s := fmt.Sprintf("%s: %s on %s", a.Key, a.Action, a.Resource)
	if !a.Allowed {
		s += " (refused)"
	}
	return s
}

// Set says what an access key may do, or, with an empty one, what all keys may
// that were not set. A key that is set with no policy may do nothing.
func (g *Guard) Set(key string, p ...Policy) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by == nil {
		g.by = make(map[string][]Policy)
	}
	g.by[key] = p
}

// Add adds a policy to those of a key.
func (g *Guard) Add(key string, p Policy) {
	g.mu.Lock()
	own := g.by[key]
	g.mu.Unlock()
	g.Set(key, append(slices.Clip(own), p)...)
}

// Allows decides, and remembers.
func (g *Guard) Allows(key string, r Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	own, ok := g.by[key]
	if !ok {
		if own, ok = g.by[""]; !ok {
			return true
		}
	}
	a := Asked{Key: key, Request: r, Allowed: Allowed(r, own...)}
	if g.asked == nil {
		g.asked = make(map[string]Asked)
	}
	g.asked[fmt.Sprint(a, r.Context)] = a
	return a.Allowed
}

// Asked are the requests so far of keys that have policies.
func (g *Guard) Asked() []Asked {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.SortedFunc(maps.Values(g.asked), func(a, b Asked) int { return cmp.Compare(a.String(), b.String()) })
}
