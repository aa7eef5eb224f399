package cognito

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
)

// Inspect is the side door for people, tests and benchmarks: it needs no
// signature, uses no quota and stands on no wire protocol of AWS.
//
//	GET  /pools                        every pool, with the number of its users
//	POST /pools                        makes a pool of a PoolConfig
//	GET  /pools/ID/users               a JSON line for each user with a record (?touched=1: those reset, signed out or sent a code)
//	POST /pools/ID/users               adds the seeds of a JSON array
//	GET  /pools/ID/users/NAME          one user, by username, alias or sub
//	PUT  /pools/ID/trouble             {"trouble": "email-role", "text": ""}
//	GET  /quotas                       limits, and calls used and throttled by caller
//	PUT  /quotas/CATEGORY              {"rate": 15, "burst": 0, "window": false, "unlimited": false}
//	GET  /switches                     the unverified behaviours
//	PUT  /switches/NAME                {"value": "true"}
//	GET  /mail                         what the account has sent
//	GET  /log                          a JSON line for each call that the log still has
func (c *Cognito) Inspect() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /pools", func(w http.ResponseWriter, _ *http.Request) { reply(w, c.poolViews()) })
	m.HandleFunc("POST /pools", c.inspectAddPool)
	m.HandleFunc("GET /pools/{id}/users", c.withPool(inspectUsers))
	m.HandleFunc("POST /pools/{id}/users", c.withPool(inspectSeed))
	m.HandleFunc("GET /pools/{id}/users/{name...}", c.withPool(inspectUser))
	m.HandleFunc("PUT /pools/{id}/trouble", c.withPool(inspectTrouble))
	m.HandleFunc("GET /quotas", func(w http.ResponseWriter, _ *http.Request) { reply(w, c.quotaView()) })
	m.HandleFunc("PUT /quotas/{category}", c.inspectQuota)
	m.HandleFunc("GET /switches", func(w http.ResponseWriter, _ *http.Request) { reply(w, c.Switches().List()) })
	m.HandleFunc("PUT /switches/{name}", c.inspectSwitch)
	m.HandleFunc("GET /mail", func(w http.ResponseWriter, _ *http.Request) { reply(w, c.Mail()) })
	m.HandleFunc("GET /log", func(w http.ResponseWriter, _ *http.Request) { lines(w, c.Log()) })
	return m
}

// reply writes v as indented JSON. The client may be gone; that is its affair.
func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}

func lines[T any](w http.ResponseWriter, all []T) {
	w.Header().Set("Content-Type", "application/jsonl")
	b := bufio.NewWriter(w)
	defer b.Flush()
	enc := json.NewEncoder(b)
	for _, v := range all {
		if enc.Encode(v) != nil {
			return
		}
	}
}

// read decodes a request's body, strictly, or answers 400.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		http.Error(w, "reading the body as JSON: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// PoolView is a pool as the inspection shows it.
type PoolView struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Users   int     `json:"users"`
	Trouble Trouble `json:"trouble,omitzero"`
}

func (p *Pool) view() PoolView {
	t, _ := p.Trouble()
	return PoolView{p.id, p.settings.Load().Name, p.Len(), t}
}

func (c *Cognito) poolViews() []PoolView {
	out := []PoolView{}
	for _, p := range c.Pools() {
		out = append(out, p.view())
	}
	return out
}

func (c *Cognito) inspectAddPool(w http.ResponseWriter, r *http.Request) {
	var cfg PoolConfig
	if !read(w, r, &cfg) {
		return
	}
	p, err := c.AddPool(cfg)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, p.view())
}

func (c *Cognito) withPool(f func(*Pool, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, ok := c.Pool(r.PathValue("id"))
		if !ok {
			http.Error(w, "no pool has this ID; GET /pools lists those there are", http.StatusNotFound)
			return
		}
		f(p, w, r)
	}
}

func inspectUsers(p *Pool, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/jsonl")
	b := bufio.NewWriter(w)
	defer b.Flush()
	enc := json.NewEncoder(b)
	touched := r.FormValue("touched") != ""
	for u := range p.Users() {
		if touched && len(u.Resets)+len(u.SignOuts)+u.CodesSent+u.CodesDropped == 0 {
			continue
		}
		if enc.Encode(u) != nil {
			return
		}
	}
}

func inspectUser(p *Pool, w http.ResponseWriter, r *http.Request) {
	u, ok := p.User(r.PathValue("name"))
	if !ok {
		http.Error(w, "the pool has no user of this name", http.StatusNotFound)
		return
	}
	reply(w, u)
}

func inspectSeed(p *Pool, w http.ResponseWriter, r *http.Request) {
	seeds, err := ReadSeedsJSON(r.Body)
	if err == nil {
		for i, s := range seeds {
			if err = p.Seed(s); err != nil {
				err = fmt.Errorf("user %d: %w", i+1, err)
				break
			}
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, p.view())
}

func inspectTrouble(p *Pool, w http.ResponseWriter, r *http.Request) {
	var in struct {
		Trouble Trouble `json:"trouble"`
		Text    string  `json:"text"`
	}
	if !read(w, r, &in) {
		return
	}
	if err := p.SetTrouble(in.Trouble, in.Text); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, p.view())
}

// QuotaView is every limit, and what became of the calls.
type QuotaView struct {
	Limits map[Category]Limit `json:"limits"`
	Usage  []Usage            `json:"usage"`
}

func (c *Cognito) quotaView() QuotaView {
	v := QuotaView{Limits: map[Category]Limit{}, Usage: c.Usage()}
	for _, category := range Categories() {
		v.Limits[category], _ = c.Quota(category)
	}
	return v
}

func (c *Cognito) inspectQuota(w http.ResponseWriter, r *http.Request) {
	var l Limit
	if !read(w, r, &l) {
		return
	}
	if err := c.SetQuota(Category(r.PathValue("category")), l); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, c.quotaView())
}

func (c *Cognito) inspectSwitch(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Value string `json:"value"`
	}
	if !read(w, r, &in) {
		return
	}
	if err := c.SetSwitch(r.PathValue("name"), in.Value); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, c.Switches().List())
}
