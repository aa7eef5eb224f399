package cognito

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// Category is a group of operations that share one quota per account and
// Region (Cognito developer guide, "API operation categories and request rate
// quotas").
type Category string

// The categories of the operations that the sandbox has.
const (
	UserAccountRecovery    Category = "UserAccountRecovery"
	UserAuthentication     Category = "UserAuthentication"
	UserCreation           Category = "UserCreation"
	UserUpdate             Category = "UserUpdate"
	UserRead               Category = "UserRead"
	UserResourceRead       Category = "UserResourceRead"
	UserList               Category = "UserList"
	UserPoolRead           Category = "UserPoolRead"
	UserPoolUpdate         Category = "UserPoolUpdate"
	UserPoolResourceRead   Category = "UserPoolResourceRead"
	UserPoolResourceUpdate Category = "UserPoolResourceUpdate"
	UserPoolClientRead     Category = "UserPoolClientRead"
	UserPoolClientUpdate   Category = "UserPoolClientUpdate"
)

// defaultRate is each category's requests per second before any increase.
var defaultRate = map[Category]float64{
	UserAccountRecovery:    30,
	UserAuthentication:     120,
	UserCreation:           50,
	UserUpdate:             25,
	UserRead:               120,
	UserResourceRead:       50,
	UserList:               30,
	UserPoolRead:           15,
	UserPoolUpdate:         15,
	UserPoolResourceRead:   20,
	UserPoolResourceUpdate: 15,
	UserPoolClientRead:     15,
	UserPoolClientUpdate:   15,
}

// Categories lists the categories in alphabetical order.
func Categories() []Category { return slices.Sorted(maps.Keys(defaultRate)) }

// CallerUsers is who the calls without credentials are counted for: the users
// themselves.
const CallerUsers = "users"

// Limit is how a quota is enforced. Whether Cognito uses a bucket, and how
// deep, is not documented, so both kinds are here.
type Limit struct {
	// Rate is requests per second, above 0 unless Unlimited.
	Rate float64 `json:"rate"`
	// Burst is the depth of the bucket; 0 is Rate.
	Burst float64 `json:"burst,omitzero"`
	// Window counts Rate calls in each fixed second by the clock instead of
	// keeping a bucket; Burst is then ignored.
	Window bool `json:"window,omitzero"`
	// Unlimited lets everything pass, for benchmarks.
	Unlimited bool `json:"unlimited,omitzero"`
}

func (l Limit) depth() float64 {
	if l.Burst > 0 {
		return l.Burst
	}
	return max(1, l.Rate)
}

// Usage is what became of a category's calls.
type Usage struct {
	Region   string   `json:"region"`
	Category Category `json:"category"`
	Limit    Limit    `json:"limit"`
	// Used and Throttled count calls by caller: an access key, or CallerUsers.
	Used      map[string]int64 `json:"used"`
	Throttled map[string]int64 `json:"throttled"`
}

// bucket is one category's quota in one Region.
type bucket struct {
	mu     sync.Mutex
	limit  Limit
	tokens float64
	last   int64 // nanoseconds since 1970, of the last refill or the window
	used   map[string]*counts
}

type counts struct{ passed, throttled int64 }

// take takes one token at the time now and counts the call for caller.
func (b *bucket) take(caller string, now int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.used[caller]
	if n == nil {
		n = new(counts)
		b.used[caller] = n
	}
	ok := b.limit.Unlimited || b.refill(now)
	if ok {
		n.passed++
	} else {
		n.throttled++
	}
	return ok
}

func (b *bucket) refill(now int64) bool {
	if b.limit.Window {
		if second := now / int64(time.Second); second > b.last/int64(time.Second) {
			b.last, b.tokens = now, math.Floor(b.limit.Rate)
		}
	} else if now > b.last {
		b.tokens = min(b.limit.depth(), b.tokens+b.limit.Rate*float64(now-b.last)/1e9)
		b.last = now
	}
	// A thirtieth of a second is no whole number of nanoseconds: a caller exactly
	// at the quota must not be throttled for the rest. What is lent here is
	// missing at the next call.
	if b.tokens < 1-1e-6 {
		return false
	}
	b.tokens--
	return true
}

// set changes the limit from now on. Tokens over the new depth are lost; a
// raised quota fills at the new rate.
func (b *bucket) set(l Limit, now int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.limit.Window && now > b.last {
		b.tokens = min(b.limit.depth(), b.tokens+b.limit.Rate*float64(now-b.last)/1e9)
	}
	if l.Window != b.limit.Window || b.limit.Unlimited {
		b.tokens = math.Floor(l.depth())
	}
	b.limit, b.last = l, now
	b.tokens = min(b.tokens, l.depth())
}

type quotaKey struct {
	region   string
	category Category
}

// quotas is every bucket of the account.
type quotas struct {
	mu      sync.RWMutex
	limits  map[Category]Limit // for Regions not seen yet
	buckets map[quotaKey]*bucket
}

func newQuotas(limits map[Category]Limit) *quotas {
	q := &quotas{}
	q.reset(limits)
	return q
}

// reset fills every bucket and forgets the counts.
func (q *quotas) reset(limits map[Category]Limit) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limits, q.buckets = map[Category]Limit{}, map[quotaKey]*bucket{}
	for c, rate := range defaultRate {
		q.limits[c] = Limit{Rate: rate}
	}
	maps.Copy(q.limits, limits)
}

func (q *quotas) bucket(region string, c Category) *bucket {
	key := quotaKey{region, c}
	q.mu.RLock()
	b := q.buckets[key]
	q.mu.RUnlock()
	if b != nil {
		return b
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if b = q.buckets[key]; b == nil {
		b = &bucket{limit: q.limits[c], used: map[string]*counts{}}
		b.tokens = b.limit.depth()
		q.buckets[key] = b
	}
	return b
}

func (q *quotas) take(region string, c Category, caller string, at time.Time) bool {
	return q.bucket(region, c).take(caller, at.UnixNano())
}

// SetQuota changes a category's limit in all Regions, from now on.
func (c *Cognito) SetQuota(category Category, l Limit) error {
	if _, ok := defaultRate[category]; !ok {
		return errUnknownCategory(category)
	}
	if !l.Unlimited && (!(l.Rate > 0) || math.IsInf(l.Rate, 0)) {
		return errBadRate(category)
	}
	now := c.now().UnixNano()
	c.quotas.mu.Lock()
	c.quotas.limits[category] = l
	var changed []*bucket
	for k, b := range c.quotas.buckets {
		if k.category == category {
			changed = append(changed, b)
		}
	}
	c.quotas.mu.Unlock()
	for _, b := range changed {
		b.set(l, now)
	}
	return nil
}

// Quota is a category's limit as Regions not seen yet will get it, and as
// SetQuota last set it.
func (c *Cognito) Quota(category Category) (Limit, bool) {
	c.quotas.mu.RLock()
	defer c.quotas.mu.RUnlock()
	l, ok := c.quotas.limits[category]
	return l, ok
}

// AppliedRate is what Service Quotas says of a category: its rate, the default
// if the sandbox enforces none. It fits account.Config.Rate.
func (c *Cognito) AppliedRate(category string) (float64, bool) {
	l, ok := c.Quota(Category(category))
	if ok && l.Unlimited {
		return defaultRate[Category(category)], true
	}
	return l.Rate, ok
}

// Usage is what became of the calls so far, by Region and category.
func (c *Cognito) Usage() []Usage {
	c.quotas.mu.RLock()
	keys := slices.Collect(maps.Keys(c.quotas.buckets))
	c.quotas.mu.RUnlock()
	slices.SortFunc(keys, func(a, b quotaKey) int {
		if a.region != b.region {
			return cmp.Compare(a.region, b.region)
		}
		return cmp.Compare(a.category, b.category)
	})
	out := make([]Usage, 0, len(keys))
	for _, k := range keys {
		b := c.quotas.bucket(k.region, k.category)
		b.mu.Lock()
		u := Usage{Region: k.region, Category: k.category, Limit: b.limit, Used: map[string]int64{}, Throttled: map[string]int64{}}
		for caller, n := range b.used {
			u.Used[caller] = n.passed
			if n.throttled > 0 {
				u.Throttled[caller] = n.throttled
			}
		}
		b.mu.Unlock()
		out = append(out, u)
	}
	return out
}
