package preflight

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	sqtypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// fakeAWS is an account that answers each question with the next error of a list, and
// then well. An error that is errHang never comes.
type fakeAWS struct {
	describe, replicas, ses, quota []error

	pool  types.UserPoolType
	pages [][]types.UserPoolReplicaType
}

var errHang = errors.New("hangs")

func next(ctx context.Context, list *[]error) error {
	if len(*list) == 0 {
		return nil
	}
	err := (*list)[0]
	if errors.Is(err, errHang) {
		<-ctx.Done()
		return ctx.Err()
	}
	*list = (*list)[1:]
	return err
}

func (f *fakeAWS) DescribeUserPool(ctx context.Context, _ *cip.DescribeUserPoolInput, _ ...func(*cip.Options)) (*cip.DescribeUserPoolOutput, error) {
	return &cip.DescribeUserPoolOutput{UserPool: &f.pool}, next(ctx, &f.describe)
}

func (f *fakeAWS) ListUserPoolReplicas(ctx context.Context, in *cip.ListUserPoolReplicasInput, _ ...func(*cip.Options)) (*cip.ListUserPoolReplicasOutput, error) {
	out := &cip.ListUserPoolReplicasOutput{}
	at := 0
	if in.NextToken != nil {
		at = int((*in.NextToken)[0] - '0')
	}
	if at < len(f.pages) {
		out.UserPoolReplicas = f.pages[at]
	}
	if at+1 < len(f.pages) {
		out.NextToken = new(string(rune('0' + at + 1)))
	}
	return out, next(ctx, &f.replicas)
}

func (f *fakeAWS) GetAccount(ctx context.Context, _ *sesv2.GetAccountInput, _ ...func(*sesv2.Options)) (*sesv2.GetAccountOutput, error) {
	return &sesv2.GetAccountOutput{ProductionAccessEnabled: true, SendingEnabled: true}, next(ctx, &f.ses)
}

func (f *fakeAWS) GetServiceQuota(ctx context.Context, _ *servicequotas.GetServiceQuotaInput, _ ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error) {
	return &servicequotas.GetServiceQuotaOutput{Quota: &sqtypes.ServiceQuota{Value: new(45.0)}}, next(ctx, &f.quota)
}

func (f *fakeAWS) GetAWSDefaultServiceQuota(ctx context.Context, _ *servicequotas.GetAWSDefaultServiceQuotaInput, _ ...func(*servicequotas.Options)) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error) {
	return nil, next(ctx, &f.quota)
}

func (f *fakeAWS) ask(t *testing.T) Facts {
	return Ask(t.Context(), Clients{Pool: f, Mail: f, Quotas: f}, "eu-west-1_A", "eu-west-1")
}

func answer(code string) error {
	return &smithy.GenericAPIError{Code: code, Message: "ana@example.com"}
}

func codesOf(f Facts) (codes, texts []string) {
	for _, x := range Findings(f, Run{}) {
		codes, texts = append(codes, x.Code), append(texts, x.Text)
	}
	return codes, texts
}

// A server that never answers costs five seconds, not five for each question.
func TestAskHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := []error{errHang}
		f := &fakeAWS{describe: hang, replicas: hang, quota: hang}
		begun := time.Now()
		facts := f.ask(t)
		if took := time.Since(begun); took > 2*askTimeout {
			t.Errorf("it took %v", took)
		}
		codes, texts := codesOf(facts)
		if diff := cmp.Diff([]string{"aws_not_asked", "not_asked", "not_asked"}, codes); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		want := []string{
			"cognito-idp:DescribeUserPool: no answer in time. Not known now: whether the pool exists, how large it is, how it recovers accounts and sends mail. Check the endpoint (AWS_ENDPOINT_URL), the proxy (HTTPS_PROXY) and the network.",
			"cognito-idp:ListUserPoolReplicas: no answer in time. Not known: whether the pool is a secondary replica.",
			"servicequotas:GetServiceQuota: no answer in time. Not known: the account's quota, taken for AWS's default or --quota.",
		}
		if diff := cmp.Diff(want, texts); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// A throttle and a failure of the server are asked again, a refusal is not; AWS's
// own text is in no finding.
func TestAskAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := []error{answer("TooManyRequestsException"), &smithy.GenericAPIError{Code: "Odd", Fault: smithy.FaultServer}}
		f := &fakeAWS{describe: slices.Clone(busy), replicas: slices.Clone(busy), quota: slices.Clone(busy)}
		f.pool.EstimatedNumberOfUsers = 7
		facts := f.ask(t)
		if facts.Pool == nil || facts.Pool.EstimatedNumberOfUsers != 7 || facts.Quota != 45 || len(facts.Unanswered) != 0 {
			t.Errorf("%+v", facts)
		}
		f = &fakeAWS{describe: []error{answer("AccessDeniedException"), nil}, replicas: []error{answer("AccessDenied")}, quota: []error{answer("Odd"), answer("Odd")}}
		codes, texts := codesOf(f.ask(t))
		if diff := cmp.Diff([]string{"missing_permission", "not_asked", "not_asked"}, codes); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		want := []string{
			"The credentials lack cognito-idp:DescribeUserPool. Not known now: whether the pool exists, how large it is, how it recovers accounts and sends mail.",
			"The credentials lack cognito-idp:ListUserPoolReplicas. Not known: whether the pool is a secondary replica.",
			"servicequotas:GetServiceQuota: AWS answered Odd. Not known: the account's quota, taken for AWS's default or --quota.",
		}
		if diff := cmp.Diff(want, texts); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// Replicas are found over several pages; a pool that is not there is one finding.
func TestAskReplicasAndMissing(t *testing.T) {
	t.Parallel()
	replica := func(region string, role types.ReplicaRoleType) types.UserPoolReplicaType {
		return types.UserPoolReplicaType{RegionName: &region, Role: role}
	}
	primary, secondary := types.ReplicaRoleTypePrimary, types.ReplicaRoleTypeSecondary
	for name, tt := range map[string]struct {
		pages [][]types.UserPoolReplicaType
		want  string
	}{
		"not replicated":          {nil, ""},
		"the primary":             {[][]types.UserPoolReplicaType{{replica("eu-west-1", primary)}, {replica("us-east-1", secondary)}}, ""},
		"a secondary":             {[][]types.UserPoolReplicaType{{replica("us-east-1", primary)}, {replica("eu-west-1", secondary)}}, "us-east-1"},
		"a secondary, no primary": {[][]types.UserPoolReplicaType{{replica("eu-west-1", secondary)}}, "another Region"},
	} {
		if got := (&fakeAWS{pages: tt.pages}).ask(t).Primary; got != tt.want {
			t.Errorf("%s: the primary is in %q, want %q", name, got, tt.want)
		}
	}
	none := &types.ResourceNotFoundException{}
	codes, _ := codesOf((&fakeAWS{describe: []error{none}, replicas: []error{none}}).ask(t))
	if diff := cmp.Diff([]string{"pool_not_found"}, codes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
