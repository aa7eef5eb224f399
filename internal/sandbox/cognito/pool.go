package cognito

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"relock/internal/sandbox/wire"
)

// PoolConfig says what a pool made by AddPool is like. Its zero value but for
// the ID or Region is what CreateUserPool makes of a name alone.
type PoolConfig struct {
	// ID is the pool's, REGION_SUFFIX. Empty makes one up in Region.
	ID string `json:"id,omitzero"`
	// Region is where an ID is made up. Defaults to us-east-1.
	Region string `json:"region,omitzero"`
	// Name defaults to "sandbox".
	Name string `json:"name,omitzero"`
	// AliasAttributes are names that sign in beside the username once they are
	// verified: email, phone_number, preferred_username.
	AliasAttributes []string `json:"alias_attributes,omitzero"`
	// UsernameAttributes are signed in with in place of a username: email,
	// phone_number. The username is then a made-up UUID. Not together with
	// AliasAttributes.
	UsernameAttributes []string `json:"username_attributes,omitzero"`
	// CaseInsensitive folds names to lower case, as pools made in the console do.
	CaseInsensitive bool `json:"case_insensitive,omitzero"`
	// Recovery lists verified_email, verified_phone_number or admin_only by
	// priority. Empty is no setting: phone first, then e-mail.
	Recovery []string `json:"recovery,omitzero"`
	// EmailSendingAccount is COGNITO_DEFAULT (the default) or DEVELOPER.
	EmailSendingAccount string `json:"email_sending_account,omitzero"`
	// CustomMessage is the ARN of the pool's CustomMessage trigger.
	CustomMessage string `json:"custom_message,omitzero"`
	// Replica makes the pool one of a secondary Region: writes are refused with
	// OperationNotEnabledException.
	Replica bool `json:"replica,omitzero"`
	// OnDemand is a regular expression. A name that matches it as a whole and that
	// the pool does not know is a CONFIRMED user with a verified e-mail address;
	// the record is made at the first call, so a million of them cost nothing
	// before. Empty makes up nobody.
	OnDemand string `json:"on_demand,omitzero"`
}

// Trouble is what is wrong with a pool's surroundings.
type Trouble string

// The troubles. They strike where a code would be sent.
const (
	NoTrouble Trouble = ""
	// EmailRole: Cognito may not use the e-mail identity.
	EmailRole Trouble = "email-role"
	// SMSRole: the role for SMS lacks its permission.
	SMSRole Trouble = "sms-role"
	// SMSTrust: the role for SMS does not trust Cognito, or its external ID differs.
	SMSTrust Trouble = "sms-trust"
	// LambdaReject: the CustomMessage trigger raises an error.
	LambdaReject Trouble = "lambda-reject"
	// LambdaFail: the trigger may not be invoked or times out.
	LambdaFail Trouble = "lambda-fail"
	// LambdaInvalid: the trigger's reply is no valid event.
	LambdaInvalid Trouble = "lambda-invalid"
)

// Troubles lists them, NoTrouble first.
func Troubles() []Trouble {
	return []Trouble{NoTrouble, EmailRole, SMSRole, SMSTrust, LambdaReject, LambdaFail, LambdaInvalid}
}

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

type trouble struct {
	what Trouble
	text string
}

// settings are the parts of DescribeUserPool that can change, and those that
// are only kept.
type settings struct {
	Name                   string             `json:"Name"`
	LastModified           stamp              `json:"LastModifiedDate"`
	MFA                    string             `json:"MfaConfiguration"`
	DeletionProtection     string             `json:"DeletionProtection"`
	Email                  emailConfiguration `json:"EmailConfiguration"`
	SMS                    *smsConfiguration  `json:"SmsConfiguration,omitempty"`
	Lambda                 map[string]any     `json:"LambdaConfig"`
	Recovery               *recoverySetting   `json:"AccountRecoverySetting,omitempty"`
	AutoVerifiedAttributes []string           `json:"AutoVerifiedAttributes,omitempty"`
	Policies               json.RawMessage    `json:"Policies,omitempty"`
	AdminCreateUserConfig  json.RawMessage    `json:"AdminCreateUserConfig,omitempty"`
	Tags                   map[string]string  `json:"UserPoolTags,omitempty"`
	Tier                   string             `json:"UserPoolTier,omitempty"`
	Username               *usernameConfig    `json:"UsernameConfiguration,omitempty"`
}

type emailConfiguration struct {
	EmailSendingAccount *string `json:",omitempty"`
	SourceArn           *string `json:",omitempty"`
	ReplyToEmailAddress *string `json:",omitempty"`
	From                *string `json:",omitempty"`
	ConfigurationSet    *string `json:",omitempty"`
}

func (e emailConfiguration) developer() bool {
	return e.EmailSendingAccount != nil && *e.EmailSendingAccount == "DEVELOPER"
}

type smsConfiguration struct {
	SnsCallerArn *string `json:",omitempty"`
	ExternalId   *string `json:",omitempty"`
	SnsRegion    *string `json:",omitempty"`
}

type recoverySetting struct {
	RecoveryMechanisms []recoveryOption
}

type recoveryOption struct {
	Priority *int
	Name     *string
}

type usernameConfig struct {
	CaseSensitive *bool
}

// newPool makes a pool of a valid configuration, or says what is wrong with it.
func newPool(c *Cognito, cfg PoolConfig, now time.Time) (*Pool, error) {
	if cfg.ID == "" {
		if cfg.Region == "" {
			cfg.Region = "us-east-1"
		}
		cfg.ID = cfg.Region + "_" + randomName(9)
	}
	if !isPoolID(cfg.ID) || len(cfg.ID) > rulePoolID.max {
		return nil, fmt.Errorf("user pool ID %q: want REGION_SUFFIX, at most %d characters, for example eu-west-1_AbCdEf123", cfg.ID, rulePoolID.max)
	}
	region, _, _ := strings.Cut(cfg.ID, "_")
	if cfg.Region != "" && cfg.Region != region {
		return nil, fmt.Errorf("user pool %s is not in Region %s", cfg.ID, cfg.Region)
	}
	if len(cfg.AliasAttributes) > 0 && len(cfg.UsernameAttributes) > 0 {
		return nil, fmt.Errorf("user pool %s: AliasAttributes and UsernameAttributes exclude each other", cfg.ID)
	}
	if err := oneOf(cfg.ID, "alias attribute", cfg.AliasAttributes, ruleAlias.enum); err != nil {
		return nil, err
	}
	if err := oneOf(cfg.ID, "username attribute", cfg.UsernameAttributes, ruleNameAttr.enum); err != nil {
		return nil, err
	}
	if err := oneOf(cfg.ID, "recovery", cfg.Recovery, ruleRecovery.enum); err != nil {
		return nil, err
	}
	if cfg.EmailSendingAccount == "" {
		cfg.EmailSendingAccount = "COGNITO_DEFAULT"
	}
	if err := oneOf(cfg.ID, "EmailSendingAccount", []string{cfg.EmailSendingAccount}, ruleSending.enum); err != nil {
		return nil, err
	}
	p := &Pool{
		c: c, id: cfg.ID, region: region, created: now.UnixNano(),
		folded: cfg.CaseInsensitive, aliases: cfg.AliasAttributes, nameAttr: cfg.UsernameAttributes, replica: cfg.Replica,
		names: newIndex(), alias: newIndex(), subs: newIndex(), groups: map[string]*group{},
	}
	if cfg.OnDemand != "" {
		re, err := regexp.Compile(`^(?:` + cfg.OnDemand + `)$`)
		if err != nil {
			return nil, fmt.Errorf("user pool %s: pattern of users on demand: %w", cfg.ID, err)
		}
		p.onDemand = re
	}
	s := &settings{
		Name: cfg.Name, LastModified: stamp(p.created), MFA: "OFF", DeletionProtection: "INACTIVE",
		Email: emailConfiguration{EmailSendingAccount: &cfg.EmailSendingAccount}, Lambda: map[string]any{},
	}
	if s.Name == "" {
		s.Name = "sandbox"
	}
	if cfg.CustomMessage != "" {
		s.Lambda["CustomMessage"] = cfg.CustomMessage
	}
	if cfg.CaseInsensitive {
		s.Username = &usernameConfig{CaseSensitive: new(false)}
	}
	if len(cfg.Recovery) > 0 {
		s.Recovery = &recoverySetting{}
		for i, r := range cfg.Recovery {
			s.Recovery.RecoveryMechanisms = append(s.Recovery.RecoveryMechanisms, recoveryOption{Priority: new(i + 1), Name: &r})
		}
	}
	p.settings.Store(s)
	p.trouble.Store(&trouble{})
	return p, nil
}

func oneOf(pool, what string, got, want []string) error {
	for _, v := range got {
		if !slices.Contains(want, v) {
			return fmt.Errorf("user pool %s: %s %q is not one of %s", pool, what, v, strings.Join(want, ", "))
		}
	}
	return nil
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func randomName(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphanumeric[rand.IntN(len(alphanumeric))]
	}
	return string(b)
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

// Trouble is what is wrong with the pool's surroundings, and the text of a
// trigger that rejects.
func (p *Pool) Trouble() (Trouble, string) {
	t := p.trouble.Load()
	return t.what, t.text
}

// SetTrouble makes something go wrong where codes are sent, from now on. The
// text is what a rejecting trigger says; it may be empty.
func (p *Pool) SetTrouble(what Trouble, text string) error {
	if !slices.Contains(Troubles(), what) {
		return fmt.Errorf("no trouble %q; the troubles are %q", what, Troubles())
	}
	p.trouble.Store(&trouble{what, text})
	return nil
}

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

// settingsNow and update read and change the settings.
func (p *Pool) update(now int64, change func(*settings)) {
	s := *p.settings.Load()
	change(&s)
	s.LastModified = stamp(now)
	p.settings.Store(&s)
}
