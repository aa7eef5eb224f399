package preflight

import (
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/google/go-cmp/cmp"

	"relock/internal/pace"
	"relock/internal/sandbox"
	"relock/internal/sandbox/account"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/fault"
)

// aside is a sandbox and a configuration that points at it.
func aside(t *testing.T) (*sandbox.Server, aws.Config) {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	http := httptest.NewServer(server)
	t.Cleanup(http.Close)
	return server, aws.Config{
		Region: "eu-west-1", BaseEndpoint: &http.URL, HTTPClient: awshttp.NewBuildableClient(),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func deny(t *testing.T, s *sandbox.Server, where string) {
	t.Helper()
	rule, err := fault.Parse("access-denied@" + where + "=1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Faults().Set(rule); err != nil {
		t.Fatal(err)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	server, cfg := aside(t)
	client := servicequotas.NewFromConfig(cfg)
	got, err := Quota(t.Context(), client, pace.UserAccountRecovery)
	if err != nil || got != 30 {
		t.Errorf("by default: %v, %v, want 30", got, err)
	}
	if err := server.Cognito().SetQuota("UserAccountRecovery", cognito.Limit{Rate: 45}); err != nil {
		t.Fatal(err)
	}
	if got, err = Quota(t.Context(), client, pace.UserAccountRecovery); err != nil || got != 45 {
		t.Errorf("applied: %v, %v, want 45", got, err)
	}
	deny(t, server, "servicequotas.GetServiceQuota")
	if got, err = Quota(t.Context(), client, pace.UserAccountRecovery); err != nil || got != 30 {
		t.Errorf("the applied value denied: %v, %v, want AWS's default of 30", got, err)
	}
	deny(t, server, "servicequotas")
	if got, err = Quota(t.Context(), client, pace.UserAccountRecovery); err == nil || got != 0 {
		t.Errorf("denied: %v, %v, want 0 and the reason", got, err)
	}
}

func TestMail(t *testing.T) {
	t.Parallel()
	server, cfg := aside(t)
	for id, mail := range map[string]string{"eu-west-1_Own": "COGNITO_DEFAULT", "eu-west-1_Ses": "DEVELOPER"} {
		pool, err := cognito.ParsePool(id + ",email=" + mail)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.Cognito().AddPool(pool); err != nil {
			t.Fatal(err)
		}
		_, got, err := Sender(t.Context(), cip.NewFromConfig(cfg), id)
		if err != nil || got != (mail == "DEVELOPER") {
			t.Errorf("%s: %v, %v", mail, got, err)
		}
	}
	if _, got, err := Sender(t.Context(), cip.NewFromConfig(cfg), "eu-west-1_None"); err == nil || got {
		t.Errorf("a pool that is not there: %v, %v", got, err)
	}
	server.Account().SetSES(account.SES{Max24HourSend: 1000, MaxSendRate: 5, SentLast24Hours: 10, ProductionAccess: true})
	got, err := SESQuota(t.Context(), sesv2.NewFromConfig(cfg), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&pace.SESQuota{MaxSendRate: 5, Max24HourSend: 1000, SentLast24Hours: 10}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	deny(t, server, "ses")
	if got, err := SESQuota(t.Context(), sesv2.NewFromConfig(cfg), ""); err == nil || got != nil {
		t.Errorf("denied: %v, %v", got, err)
	}
}
