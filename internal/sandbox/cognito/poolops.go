package cognito

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"relock/internal/sandbox/wire"
)

// poolInput is the request of CreateUserPool and UpdateUserPool: what the
// sandbox acts on, and some of what it only shows again.
type poolInput struct {
	UserPoolId             *string
	PoolName               *string
	Policies               json.RawMessage
	DeletionProtection     *string
	LambdaConfig           map[string]any
	AutoVerifiedAttributes []string
	AliasAttributes        []string
	UsernameAttributes     []string
	MfaConfiguration       *string
	EmailConfiguration     *emailConfiguration
	SmsConfiguration       *smsConfiguration
	UserPoolTags           map[string]string
	AdminCreateUserConfig  json.RawMessage
	UsernameConfiguration  *usernameConfig
	AccountRecoverySetting *recoverySetting
	UserPoolTier           *string
}

func (in *poolInput) checkSettings(k *checks) {
	k.may("deletionProtection", in.DeletionProtection, ruleProtection)
	k.each("autoVerifiedAttributes", in.AutoVerifiedAttributes, ruleNameAttr)
	k.may("mfaConfiguration", in.MfaConfiguration, ruleMFA)
	if in.EmailConfiguration != nil {
		k.may("emailConfiguration.emailSendingAccount", in.EmailConfiguration.EmailSendingAccount, ruleSending)
	}
	if in.SmsConfiguration != nil && in.SmsConfiguration.SnsCallerArn == nil {
		k.null("smsConfiguration.snsCallerArn")
	}
	if r := in.AccountRecoverySetting; r != nil {
		for i, o := range r.RecoveryMechanisms {
			at := fmt.Sprintf("accountRecoverySetting.recoveryMechanisms.%d.member.", i+1)
			if o.Priority == nil {
				k.null(at + "priority")
			}
			k.between(at+"priority", o.Priority, 1, 2)
			k.need(at+"name", o.Name, ruleRecovery)
		}
	}
}

func (in *poolInput) checkCreatePool(k *checks) {
	k.need("poolName", in.PoolName, rulePoolName)
	k.each("aliasAttributes", in.AliasAttributes, ruleAlias)
	k.each("usernameAttributes", in.UsernameAttributes, ruleNameAttr)
	if in.UsernameConfiguration != nil && in.UsernameConfiguration.CaseSensitive == nil {
		k.null("usernameConfiguration.caseSensitive")
	}
	in.checkSettings(k)
}

func (in *poolInput) checkUpdatePool(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.may("poolName", in.PoolName, rulePoolName)
	in.checkSettings(k)
}

func (in *poolInput) checkPool(k *checks) { k.need("userPoolId", in.UserPoolId, rulePoolID) }

// verify is what AWS checks beyond the shapes.
func (in *poolInput) verify() error {
	if len(in.AliasAttributes) > 0 && len(in.UsernameAttributes) > 0 {
		return invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
	}
	if e := in.EmailConfiguration; e != nil && e.developer() && e.SourceArn == nil {
		return invalid("Source ARN is required when EmailSendingAccount is DEVELOPER.")
	}
	if r := in.AccountRecoverySetting; r != nil && len(r.RecoveryMechanisms) > 1 {
		for _, o := range r.RecoveryMechanisms {
			if *o.Name == "admin_only" {
				return invalid("Invalid account recovery setting parameter. Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.")
			}
		}
	}
	return nil
}

// apply writes the request's settings over s. UpdateUserPool sets what is left
// out back to its default, as AWS's does.
func (in *poolInput) apply(s *settings) {
	s.MFA, s.DeletionProtection, s.Email.EmailSendingAccount = "OFF", "INACTIVE", new("COGNITO_DEFAULT")
	if in.MfaConfiguration != nil {
		s.MFA = *in.MfaConfiguration
	}
	if in.DeletionProtection != nil {
		s.DeletionProtection = *in.DeletionProtection
	}
	if in.EmailConfiguration != nil {
		s.Email = *in.EmailConfiguration
		if s.Email.EmailSendingAccount == nil {
			s.Email.EmailSendingAccount = new("COGNITO_DEFAULT")
		}
	}
	s.Lambda = in.LambdaConfig
	if s.Lambda == nil {
		s.Lambda = map[string]any{}
	}
	s.SMS, s.Recovery, s.AutoVerifiedAttributes = in.SmsConfiguration, in.AccountRecoverySetting, in.AutoVerifiedAttributes
	s.Policies, s.AdminCreateUserConfig, s.Tags = in.Policies, in.AdminCreateUserConfig, in.UserPoolTags
	if s.Policies == nil {
		s.Policies = json.RawMessage(defaultPolicies)
	}
	if in.UserPoolTier != nil {
		s.Tier = *in.UserPoolTier
	}
	if in.PoolName != nil {
		s.Name = *in.PoolName
	}
}

// poolJSON is a pool as DescribeUserPool shows it.
type poolJSON struct {
	ID                     string `json:"Id"`
	Arn                    string
	CreationDate           stamp
	EstimatedNumberOfUsers int64
	AliasAttributes        []string `json:",omitempty"`
	UsernameAttributes     []string `json:",omitempty"`
	*settings
}

func (p *Pool) describe() poolJSON {
	n := p.count.Load()
	if p.estimate != 0 {
		n = int64(p.estimate)
	}
	return poolJSON{
		ID: p.id, Arn: p.ARN(), CreationDate: stamp(p.created), EstimatedNumberOfUsers: n,
		AliasAttributes: p.aliases, UsernameAttributes: p.nameAttr, settings: p.settings.Load(),
	}
}

func (c *Cognito) createUserPool(call *wire.Call, in *poolInput) (any, error) {
	if err := in.verify(); err != nil {
		return nil, err
	}
	p, err := newPool(c, PoolConfig{
		Region: call.Region, Name: *in.PoolName, AliasAttributes: in.AliasAttributes, UsernameAttributes: in.UsernameAttributes,
		CaseInsensitive: in.UsernameConfiguration != nil && !*in.UsernameConfiguration.CaseSensitive,
	}, call.At)
	if err != nil {
		return nil, invalid("%s", err)
	}
	p.update(call.At.UnixNano(), func(s *settings) {
		in.apply(s)
		s.Username = in.UsernameConfiguration
	})
	if err := c.addPool(p); err != nil {
		return nil, err
	}
	return struct{ UserPool poolJSON }{p.describe()}, nil
}

func (c *Cognito) describeUserPool(call *wire.Call, in *poolInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	return struct{ UserPool poolJSON }{p.describe()}, nil
}

func (c *Cognito) updateUserPool(call *wire.Call, in *poolInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := p.writable(); err != nil {
		return nil, err
	}
	if err := in.verify(); err != nil {
		return nil, err
	}
	p.update(call.At.UnixNano(), in.apply)
	return none{}, nil
}

func (c *Cognito) deleteUserPool(call *wire.Call, in *poolInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if p.settings.Load().DeletionProtection == "ACTIVE" {
		return nil, invalid("The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
	}
	c.removePool(p)
	return none{}, nil
}

type listPoolsInput struct {
	MaxResults *int
	NextToken  *string
}

func (in *listPoolsInput) check(k *checks) {
	if in.MaxResults == nil {
		k.null("maxResults")
	}
	k.between("maxResults", in.MaxResults, 1, pageSize)
	k.may("nextToken", in.NextToken, ruleNextToken)
}

type poolDescription struct {
	ID               string `json:"Id"`
	Name             string
	LambdaConfig     map[string]any
	LastModifiedDate stamp
	CreationDate     stamp
}

func (c *Cognito) listUserPools(call *wire.Call, in *listPoolsInput) (any, error) {
	at, err := readToken(in.NextToken, "pools", call.Region, "Invalid token.")
	if err != nil {
		return nil, err
	}
	pools := slices.DeleteFunc(c.Pools(), func(p *Pool) bool { return call.Region != "" && p.region != call.Region })
	slices.SortStableFunc(pools, func(a, b *Pool) int { return strings.Compare(a.id, b.id) })
	var out struct {
		UserPools []poolDescription
		NextToken string `json:",omitempty"`
	}
	out.UserPools = []poolDescription{}
	for ; at < len(pools); at++ {
		if len(out.UserPools) == *in.MaxResults {
			out.NextToken = writeToken("pools", call.Region, at)
			break
		}
		s := pools[at].settings.Load()
		out.UserPools = append(out.UserPools, poolDescription{pools[at].id, s.Name, s.Lambda, s.LastModified, stamp(pools[at].created)})
	}
	return out, nil
}
