package cognito

import (
	"hash/maphash"
	"sync"
)

// index finds users by a key. It is split so that callers do not wait for each
// other: a pool of a million users has one index for names, one for aliases and
// one for subs.
type index struct {
	seed   maphash.Seed
	shards [64]shard
}

type shard struct {
	mu sync.RWMutex
	m  map[string]*user
}

func newIndex() *index { return &index{seed: maphash.MakeSeed()} }

func (x *index) shard(key string) *shard {
	return &x.shards[maphash.String(x.seed, key)%uint64(len(x.shards))]
}

func (x *index) get(key string) *user {
	s := x.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[key]
}

// add stores what mk makes under key, unless there is a user already: then it
// returns that one and false.
func (x *index) add(key string, mk func() *user) (*user, bool) {
	s := x.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.m[key]; u != nil {
		return u, false
	}
	if s.m == nil {
		s.m = map[string]*user{}
	}
	u := mk()
	s.m[key] = u
	return u, true
}

// put stores u under key in place of whoever was there.
func (x *index) put(key string, u *user) {
	s := x.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string]*user{}
	}
	s.m[key] = u
}

// drop removes key if it names u.
func (x *index) drop(key string, u *user) {
	s := x.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m[key] == u {
		delete(s.m, key)
	}
}
