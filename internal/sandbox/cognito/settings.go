package cognito

import (
	"encoding/json"
)

// settings are the parts of DescribeUserPool that can change, and those that
// are only kept.
type settings struct {
	Name                   string             `json:"Name"`
	LastModified           stamp              `json:"LastModifiedDate"`
	MFA                    string             `json:"MfaConfiguration"`
	DeletionProtection     string             `json:"DeletionProtection"`
	Email                  emailConfiguration `json:"EmailConfiguration"`
	SMS                    *smsConfiguration  `json:"SmsConfiguration,omitempty"`
	SMSFailure             string             `json:"SmsConfigurationFailure,omitempty"`
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

// defaultPolicies is the password policy of a pool that was given none.
const defaultPolicies = `{"PasswordPolicy":{"MinimumLength":8,"RequireUppercase":true,"RequireLowercase":true,"RequireNumbers":true,"RequireSymbols":true,"TemporaryPasswordValidityDays":7}}`

// update changes the settings. Of two updates at once the last one wins, as with
// UpdateUserPool.
func (p *Pool) update(now int64, change func(*settings)) {
	s := *p.settings.Load()
	change(&s)
	s.LastModified = stamp(now)
	p.settings.Store(&s)
}
