package cognito

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"
	"unique"
)

// Status is a user's state, as AWS names it.
type Status string

// The states of a user (SDK, types.UserStatusType).
const (
	Unconfirmed         Status = "UNCONFIRMED"
	Confirmed           Status = "CONFIRMED"
	Archived            Status = "ARCHIVED"
	Compromised         Status = "COMPROMISED"
	Unknown             Status = "UNKNOWN"
	ResetRequired       Status = "RESET_REQUIRED"
	ForceChangePassword Status = "FORCE_CHANGE_PASSWORD"
	ExternalProvider    Status = "EXTERNAL_PROVIDER"
)

// Statuses lists the states in the order of AWS's model.
func Statuses() []Status {
	return []Status{Unconfirmed, Confirmed, Archived, Compromised, Unknown, ResetRequired, ForceChangePassword, ExternalProvider}
}

// user is one record of a pool. It is small, because benchmarks hold a million.
type user struct {
	name    string // as the pool writes it: folded where case does not matter
	created int64  // nanoseconds since 1970, like all times here

	mu       sync.Mutex // guards what follows
	modified int64
	sub      string   // "" until somebody asks, for users made up on demand
	attrs    []attrib // copy on write; nil and onDemand: a verified e-mail address
	status   Status
	disabled bool
	onDemand bool
	deleted  bool
	password string

	resets   []resetRecord
	codes    int32 // codes sent
	dropped  int32 // codes that a full quota swallowed
	sessions int32 // refresh tokens that still work
	signOuts []int64
	code     code
	extra    *extra // what few users have
}

// extra keeps what most users never need.
type extra struct {
	attempts []int64   // ForgotPassword and ConfirmForgotPassword of the last hour
	recent   []int64   // writes of the last second, for Switches.PerUserRate
	history  []version // what ListUsers showed before, for Switches.ListLag
	groups   []string
	tokens   map[string]bool // refresh tokens
}

type attrib struct{ name, value string }

type resetRecord struct {
	at       int64
	metadata unique.Handle[string] // canonical JSON: most users of a job share it
}

// code is the latest code that was sent, one for all purposes. Sent 0 is none.
type code struct {
	sent   int64
	digits uint32
}

// works reports whether the code could confirm a reset at the time now.
func (c code) works(now int64) bool { return c.sent != 0 && now-c.sent <= int64(codeLife) }

func (c code) String() string {
	if c.sent == 0 {
		return ""
	}
	return fmt.Sprintf("%06d", c.digits)
}

// version is what a user looked like until a moment.
type version struct {
	until    int64
	exists   bool
	modified int64
	status   Status
	disabled bool
	attrs    []attrib
}

func (u *user) more() *extra {
	if u.extra == nil {
		u.extra = new(extra)
	}
	return u.extra
}

// change applies f to the locked user as a modification at the time now, and
// keeps the old look for listings that lag behind.
func (u *user) change(now int64, lag time.Duration, f func()) {
	u.remember(now, lag, true)
	f()
	u.modified = now
}

func (u *user) remember(now int64, lag time.Duration, exists bool) {
	if lag <= 0 {
		return
	}
	e := u.more()
	e.history = slices.DeleteFunc(e.history, func(v version) bool { return v.until <= now-int64(lag) })
	e.history = append(e.history, version{
		until: now, exists: exists, modified: u.modified, status: u.status, disabled: u.disabled, attrs: u.attributes(),
	})
}

// seen is what a listing shows of the locked user at the time now.
func (u *user) seen(now int64, lag time.Duration) version {
	if lag > 0 && u.extra != nil {
		for _, v := range u.extra.history {
			if v.until > now-int64(lag) {
				return v
			}
		}
	}
	return version{exists: !u.deleted, modified: u.modified, status: u.status, disabled: u.disabled, attrs: u.attributes()}
}

// attributes are the locked user's attributes without sub.
func (u *user) attributes() []attrib {
	if u.attrs == nil && u.onDemand {
		return []attrib{{"email", onDemandEmail(u.name)}, {"email_verified", "true"}}
	}
	return u.attrs
}

// attr is the value of an attribute of the locked user, "" where it has none.
func (u *user) attr(name string) string { return lookup(u.attributes(), name) }

func lookup(attrs []attrib, name string) string {
	for _, a := range attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// withAttr is attrs with one value set, in a new slice.
func withAttr(attrs []attrib, name, value string) []attrib {
	out := slices.Clone(attrs)
	for i := range out {
		if out[i].name == name {
			out[i].value = value
			return out
		}
	}
	return append(out, attrib{name, value})
}

func onDemandEmail(name string) string {
	for _, r := range name {
		if r == '@' {
			return name
		}
	}
	return name + "@example.com"
}

// madeUpSub is a sub that depends on pool and name alone, so that demos and
// seeds give the same one in every run.
func madeUpSub(pool, name string) string {
	h := sha256.Sum256([]byte(pool + "\x00" + name))
	return uuid(h[:16])
}

func randomSub() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, says crypto/rand
	return uuid(b[:])
}

func uuid(b []byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// looksLikeSub tells a UUID in lower case from other names.
func looksLikeSub(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		b := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if b != '-' {
				return false
			}
		} else if !('0' <= b && b <= '9' || 'a' <= b && b <= 'f') {
			return false
		}
	}
	return true
}

// Reset is one accepted AdminResetUserPassword.
type Reset struct {
	At time.Time `json:"at"`
	// Metadata is the request's ClientMetadata as JSON with sorted keys, "" where
	// there was none.
	Metadata string `json:"metadata,omitzero"`
}

// User is what the inspection knows of a user at one moment.
type User struct {
	Username   string            `json:"username"`
	Sub        string            `json:"sub"`
	Status     Status            `json:"status"`
	Enabled    bool              `json:"enabled"`
	Attributes map[string]string `json:"attributes"`
	Groups     []string          `json:"groups,omitempty"`
	Created    time.Time         `json:"created"`
	Modified   time.Time         `json:"modified"`
	// Resets are the accepted calls of AdminResetUserPassword, oldest first.
	Resets []Reset `json:"resets"`
	// CodesSent counts codes that went out, CodesDropped those that a full mail or
	// SMS quota swallowed while the call succeeded.
	CodesSent    int `json:"codes_sent"`
	CodesDropped int `json:"codes_dropped,omitzero"`
	// Code is the latest code that went out, whatever its age.
	Code string `json:"code,omitzero"`
	// SignOuts are the accepted calls of AdminUserGlobalSignOut, oldest first.
	SignOuts []time.Time `json:"sign_outs,omitempty"`
	// Sessions counts refresh tokens that still work.
	Sessions int `json:"sessions,omitzero"`
}

// snapshot is a copy of the user.
func (p *Pool) snapshot(u *user) User {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := User{
		Username: u.name, Sub: p.subOf(u), Status: u.status, Enabled: !u.disabled,
		Attributes: map[string]string{},
		Created:    time.Unix(0, u.created).UTC(), Modified: time.Unix(0, u.modified).UTC(),
		Resets: make([]Reset, 0, len(u.resets)), CodesSent: int(u.codes), CodesDropped: int(u.dropped),
		Code: u.code.String(), Sessions: int(u.sessions),
	}
	for _, a := range u.attributes() {
		s.Attributes[a.name] = a.value
	}
	for _, r := range u.resets {
		s.Resets = append(s.Resets, r.public())
	}
	for _, at := range u.signOuts {
		s.SignOuts = append(s.SignOuts, time.Unix(0, at).UTC())
	}
	if u.extra != nil {
		s.Groups = slices.Clone(u.extra.groups)
	}
	return s
}

func (r resetRecord) public() Reset {
	out := Reset{At: time.Unix(0, r.at).UTC()}
	if r.metadata != (unique.Handle[string]{}) {
		out.Metadata = r.metadata.Value()
	}
	return out
}
