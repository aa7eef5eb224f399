package cognito

import (
	"bytes"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"relock/internal/sandbox/wire"
)

// TestUnsigned has which operations take no signature: those that the SDK, made from
// AWS's model, sends without.
func TestUnsigned(t *testing.T) {
	t.Parallel()
	srv := wire.NewServer(wire.Config{})
	c := New(Config{})
	svc := c.Service()
	srv.Register(&svc)
	operations := append(slices.Clone(unsigned), "AdminResetUserPassword", "AdminInitiateAuth", "AdminUserGlobalSignOut", "ListUsers", "DescribeUserPool")
	for _, op := range operations {
		options, err := cip.New(cip.Options{Region: "eu-west-1"}).Options().AuthSchemeResolver.ResolveAuthSchemes(t.Context(), &cip.AuthResolverParameters{Operation: op, Region: "eu-west-1"})
		if err != nil {
			t.Fatal(err)
		}
		free := options[0].SchemeID == "smithy.api#noAuth"
		r := httptest.NewRequest("POST", "http://127.0.0.1:4566/", bytes.NewReader([]byte("{}")))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+op)
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		if refused := strings.Contains(w.Body.String(), "MissingAuthenticationTokenException"); refused == free {
			t.Errorf("%s without a signature: %s", op, w.Body)
		}
		if _, here := c.ops[op]; !here && !strings.Contains(w.Body.String(), "UnknownOperationException") {
			t.Errorf("%s is not here: %s", op, w.Body)
		}
	}
}
