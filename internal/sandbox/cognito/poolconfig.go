package cognito

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"
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
	// SMS gives the pool a role to send SMS with. SMSFailure is the reason, as
	// DescribeUserPool shows it, why it cannot: SNSSandbox,
	// InvalidSmsRoleAccessPolicyException.
	SMS        bool   `json:"sms,omitzero"`
	SMSFailure string `json:"sms_failure,omitzero"`
	// CustomMessage is the ARN of the pool's CustomMessage trigger.
	CustomMessage string `json:"custom_message,omitzero"`
	// CustomSender is the ARN of a function that sends the pool's e-mail and SMS in
	// place of Cognito. The sandbox shows it and sends as ever.
	CustomSender string `json:"custom_sender,omitzero"`
	// Replica makes the pool one of a secondary Region: writes are refused with
	// OperationNotEnabledException.
	Replica bool `json:"replica,omitzero"`
	// OnDemand is a regular expression. A name that matches it as a whole and that
	// the pool does not know is a CONFIRMED user with a verified e-mail address;
	// the record is made at the first call, so a million of them cost nothing
	// before. Empty makes up nobody.
	OnDemand string `json:"on_demand,omitzero"`
	// Estimate is the number of users that DescribeUserPool shows. Zero is the
	// number of records, and ten million in a pool that makes up users on demand.
	Estimate int32 `json:"estimate,omitzero"`
}

// onDemandEstimate is how many users a pool that makes them up seems to have.
const onDemandEstimate = 10_000_000

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
		folded: cfg.CaseInsensitive, aliases: cfg.AliasAttributes, nameAttr: cfg.UsernameAttributes, replica: cfg.Replica, estimate: cfg.Estimate,
		names: newIndex(), alias: newIndex(), subs: newIndex(), groups: map[string]*group{},
	}
	if cfg.OnDemand != "" {
		re, err := regexp.Compile(`^(?:` + cfg.OnDemand + `)$`)
		if err != nil {
			return nil, fmt.Errorf("user pool %s: pattern of users on demand: %w", cfg.ID, err)
		}
		p.onDemand = re
		if p.estimate == 0 {
			p.estimate = onDemandEstimate
		}
	}
	s := &settings{
		Name: cfg.Name, LastModified: stamp(p.created), MFA: "OFF", DeletionProtection: "INACTIVE",
		Email: emailConfiguration{EmailSendingAccount: &cfg.EmailSendingAccount}, Lambda: map[string]any{},
		Policies: json.RawMessage(defaultPolicies),
	}
	if s.Name == "" {
		s.Name = "sandbox"
	}
	if cfg.SMS || cfg.SMSFailure != "" {
		role := "arn:aws:iam::" + defaultAccount + ":role/service-role/cognito-sms"
		s.SMS, s.SMSFailure = &smsConfiguration{SnsCallerArn: &role}, cfg.SMSFailure
	}
	if cfg.CustomMessage != "" {
		s.Lambda["CustomMessage"] = cfg.CustomMessage
	}
	if cfg.CustomSender != "" {
		sender := map[string]string{"LambdaArn": cfg.CustomSender, "LambdaVersion": "V1_0"}
		s.Lambda["CustomEmailSender"], s.Lambda["CustomSMSSender"] = sender, sender
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
