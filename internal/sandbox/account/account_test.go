package account_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"relock/internal/sandbox/account"
	"relock/internal/sandbox/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves an account and returns what AWS's clients need to reach it.
func serve(t *testing.T, a *account.Account) aws.Config {
	t.Helper()
	srv := wire.NewServer(wire.Config{Region: "eu-west-1", AccountID: "111122223333"})
	for _, svc := range a.Services() {
		srv.Register(&svc)
	}
	ts := httptest.NewServer(srv)
	t.Cleanup(func() {
		srv.Close()
		ts.Close()
	})
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(ts.URL), HTTPClient: ts.Client(),
		Credentials: credentials.NewStaticCredentialsProvider(wire.DemoAccessKeyID, wire.DemoSecretAccessKey, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return ""
}

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	cfg := serve(t, account.New(account.Config{AccountID: "111122223333"}))
	got, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if *got.Account != "111122223333" || *got.Arn != "arn:aws:iam::111122223333:user/"+wire.DemoAccessKeyID || *got.UserId == "" {
		t.Errorf("got account %s, ARN %s, user ID %s", *got.Account, *got.Arn, *got.UserId)
	}
}

func TestServiceQuotas(t *testing.T) {
	t.Parallel()
	rates := map[string]float64{"UserAccountRecovery": 12}
	rate := func(c string) (float64, bool) { r, ok := rates[c]; return r, ok }
	api := servicequotas.NewFromConfig(serve(t, account.New(account.Config{Rate: rate})))
	none := servicequotas.NewFromConfig(serve(t, account.New(account.Config{NoApplied: true})))
	applied := func(api *servicequotas.Client, service, code string) (float64, string) {
		out, err := api.GetServiceQuota(t.Context(), &servicequotas.GetServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
		if err != nil {
			return 0, codeOf(err)
		}
		return *out.Quota.Value, *out.Quota.QuotaName
	}
	for _, tt := range []struct {
		name, service, code string
		api                 *servicequotas.Client
		value               float64
		text                string
	}{
		{"applied", "cognito-idp", "L-7D6E8ED3", api, 12, "Rate of UserAccountRecovery requests"},
		{"at its default", "cognito-idp", "L-6621E65D", api, 25, "Rate of UserUpdate requests"},
		{"per account", "cognito-idp", "L-A01C9633", api, 20, "Rate of UserPoolResourceRead requests per account"},
		{"unknown code", "cognito-idp", "L-00000000", api, 0, "NoSuchResourceException: The request failed because the specified service quota does not exist."},
		{"unknown service", "sqs", "L-7D6E8ED3", api, 0, "NoSuchResourceException: The request failed because the specified service quota does not exist."},
		{"no applied value", "cognito-idp", "L-7D6E8ED3", none, 0, "NoSuchResourceException: The request failed because the specified service quota does not exist."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			value, text := applied(tt.api, tt.service, tt.code)
			if value != tt.value || text != tt.text {
				t.Errorf("got %v, %q; want %v, %q", value, text, tt.value, tt.text)
			}
		})
	}
	def, err := none.GetAWSDefaultServiceQuota(t.Context(), &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: new("cognito-idp"), QuotaCode: new("L-7D6E8ED3")})
	if err != nil || *def.Quota.Value != 30 || def.Quota.Adjustable {
		t.Errorf("default quota: %+v, %v; want 30, not adjustable", def, err)
	}
}

func TestListServiceQuotas(t *testing.T) {
	t.Parallel()
	api := servicequotas.NewFromConfig(serve(t, account.New(account.Config{})))
	seen := map[string]float64{}
	pages := servicequotas.NewListServiceQuotasPaginator(api, &servicequotas.ListServiceQuotasInput{ServiceCode: new("cognito-idp"), MaxResults: new(int32(5))})
	n := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n++
		for _, q := range page.Quotas {
			if _, twice := seen[*q.QuotaCode]; twice {
				t.Errorf("%s is listed twice", *q.QuotaCode)
			}
			seen[*q.QuotaCode] = *q.Value
		}
	}
	if n != 4 || len(seen) != 17 || seen["L-7D6E8ED3"] != 30 {
		t.Errorf("%d pages, %d quotas, UserAccountRecovery %v; want 4, 17, 30", n, len(seen), seen["L-7D6E8ED3"])
	}
	for want, in := range map[string]*servicequotas.ListServiceQuotasInput{
		"NoSuchResourceException: The request failed because the specified service does not exist.": {ServiceCode: new("nonsense")},
		"InvalidPaginationTokenException: Invalid pagination token.":                                {ServiceCode: new("cognito-idp"), NextToken: new("bogus")},
	} {
		if _, err := api.ListServiceQuotas(t.Context(), in); codeOf(err) != want {
			t.Errorf("got %q, want %q", codeOf(err), want)
		}
	}
}

func TestSESAccount(t *testing.T) {
	t.Parallel()
	a := account.New(account.Config{})
	api := sesv2.NewFromConfig(serve(t, a))
	type view struct {
		Max, Rate, Sent     float64
		Production, Enabled bool
		Status              string
	}
	get := func() view {
		out, err := api.GetAccount(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return view{out.SendQuota.Max24HourSend, out.SendQuota.MaxSendRate, out.SendQuota.SentLast24Hours, out.ProductionAccessEnabled, out.SendingEnabled, *out.EnforcementStatus}
	}
	if diff := cmp.Diff(view{500_000, 100, 0, true, true, "HEALTHY"}, get()); diff != "" {
		t.Errorf("default (-want +got):\n%s", diff)
	}
	a.SetSES(account.SandboxSES())
	if diff := cmp.Diff(view{200, 1, 0, false, true, "HEALTHY"}, get()); diff != "" {
		t.Errorf("SES sandbox (-want +got):\n%s", diff)
	}
	a.SetSES(account.SES{Max24HourSend: 1000, MaxSendRate: 5, SentLast24Hours: 1000, ProductionAccess: true, SendingDisabled: true})
	if diff := cmp.Diff(view{1000, 5, 1000, true, false, "SHUTDOWN"}, get()); diff != "" {
		t.Errorf("paused (-want +got):\n%s", diff)
	}
}
