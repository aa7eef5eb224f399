package cognito

import (
	"strings"

	"relock/internal/sandbox/wire"
)

type replicasInput struct {
	UserPoolId *string
	NextToken  *string
}

func (in *replicasInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.may("nextToken", in.NextToken, ruleNextToken)
}

// replicaJSON is UserPoolReplicaType of the API reference.
type replicaJSON struct {
	RegionName, Role, Status, UserPoolArn string
}

// primaryOf is where the primary of a replica is said to be; the sandbox has no
// pool there.
func primaryOf(region string) string {
	if region == "us-east-1" {
		return "us-west-2"
	}
	return "us-east-1"
}

// listUserPoolReplicas shows the two halves of a replicated pool. For a pool that
// is not replicated it shows none, which nobody has verified against AWS, nor
// which category's quota it uses.
func (c *Cognito) listUserPoolReplicas(call *wire.Call, in *replicasInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if in.NextToken != nil {
		return nil, invalid("Invalid token.")
	}
	out := struct{ UserPoolReplicas []replicaJSON }{[]replicaJSON{}}
	if p.replica {
		primary := primaryOf(p.region)
		out.UserPoolReplicas = append(out.UserPoolReplicas,
			replicaJSON{primary, "PRIMARY", "ACTIVE", strings.Replace(p.ARN(), ":"+p.region+":", ":"+primary+":", 1)},
			replicaJSON{p.region, "SECONDARY", "ACTIVE", p.ARN()})
	}
	return out, nil
}
