package preflight

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// PoolClient is what is needed of *cognitoidentityprovider.Client beside look-ups.
type PoolClient interface {
	DescribeUserPool(context.Context, *cip.DescribeUserPoolInput, ...func(*cip.Options)) (*cip.DescribeUserPoolOutput, error)
	ListUserPoolReplicas(context.Context, *cip.ListUserPoolReplicasInput, ...func(*cip.Options)) (*cip.ListUserPoolReplicasOutput, error)
}

var _ PoolClient = (*cip.Client)(nil)

var errNoPool = errors.New("the answer holds no pool")

func describe(ctx context.Context, c PoolClient, id string) (*types.UserPoolType, error) {
	var out *cip.DescribeUserPoolOutput
	err := patiently(ctx, func(ctx context.Context) (err error) {
		out, err = c.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &id})
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.UserPool == nil {
		return nil, errNoPool
	}
	return out.UserPool, nil
}

// maxReplicaPages bounds the listing of replicas; there are a few Regions.
const maxReplicaPages = 10

// primary is the Region of the primary, if the pool is a secondary replica in this
// Region. Both have one ID, and a secondary refuses writes such as resets. Source:
// Amazon Cognito Developer Guide, "Multi-Region replication for user pools".
func primary(ctx context.Context, c PoolClient, id, region string) (string, error) {
	var at string
	secondary := false
	in := &cip.ListUserPoolReplicasInput{UserPoolId: &id}
	for range maxReplicaPages {
		var out *cip.ListUserPoolReplicasOutput
		err := patiently(ctx, func(ctx context.Context) (err error) {
			out, err = c.ListUserPoolReplicas(ctx, in)
			return err
		})
		if err != nil {
			return "", err
		}
		for _, r := range out.UserPoolReplicas {
			switch {
			case r.Role == types.ReplicaRoleTypePrimary:
				at = aws.ToString(r.RegionName)
			case r.Role == types.ReplicaRoleTypeSecondary && aws.ToString(r.RegionName) == region:
				secondary = true
			}
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			break
		}
	}
	if !secondary {
		return "", nil
	}
	if at == "" {
		at = "another Region"
	}
	return at, nil
}

// channels are the ways on which a code can go, in the pool's order.
type channel string

const (
	email channel = "e-mail"
	sms   channel = "SMS"
)

// channelsOf are the ways on which a pool sends its codes, the preferred first;
// none if only administrators recover accounts. Without a setting that is the
// verified phone number first, then the e-mail address. Source: AccountRecovery-
// Setting in the Amazon Cognito user pools API reference. That a user whose second
// factor comes on the same way gets no code there is not looked at.
func channelsOf(p *types.UserPoolType) []channel {
	if p.AccountRecoverySetting == nil || len(p.AccountRecoverySetting.RecoveryMechanisms) == 0 {
		return []channel{sms, email}
	}
	var by [3]channel // by priority, 1 and 2
	for _, m := range p.AccountRecoverySetting.RecoveryMechanisms {
		at := min(max(int(aws.ToInt32(m.Priority)), 0), len(by)-1)
		switch m.Name {
		case types.RecoveryOptionNameTypeVerifiedEmail:
			by[at] = email
		case types.RecoveryOptionNameTypeVerifiedPhoneNumber:
			by[at] = sms
		}
	}
	var list []channel
	for _, c := range by {
		if c != "" {
			list = append(list, c)
		}
	}
	return list
}

// FoldsCase reports whether a pool ignores the case of names. Where it says
// nothing of it, case counts: so are pools that were made without the setting.
// Source: Amazon Cognito Developer Guide, "User pool case sensitivity".
func FoldsCase(p *types.UserPoolType) bool {
	return p != nil && p.UsernameConfiguration != nil && p.UsernameConfiguration.CaseSensitive != nil && !*p.UsernameConfiguration.CaseSensitive
}
