package peers

import (
	"slices"
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

func poolBehaviours() []behaviour[*poolEnv] {
	return slices.Concat(resetBehaviours, userBehaviours, listBehaviours)
}

// TestCognito is the conformance suite of Cognito user pools.
func TestCognito(t *testing.T) {
	for _, server := range []string{theSandbox, moto} {
		t.Run(server, func(t *testing.T) {
			url := starters[server](t)
			client := cip.NewFromConfig(config(t, url))
			conform(t, poolBehaviours(), poolDifferences[server], func(t *testing.T) *poolEnv {
				return &poolEnv{T: t, ctx: t.Context(), c: client, url: url}
			})
		})
	}
}
