package preflight

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"relock/internal/pace"
)

// QuotaClient is what Quota needs of *servicequotas.Client.
type QuotaClient interface {
	GetServiceQuota(context.Context, *servicequotas.GetServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error)
	GetAWSDefaultServiceQuota(context.Context, *servicequotas.GetAWSDefaultServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error)
}

var _ QuotaClient = (*servicequotas.Client)(nil)

// Quota asks Service Quotas for a category's requests a second: what the account
// was granted, or AWS's default. Zero where it is not allowed or not answered;
// the error says why and is for a log.
func Quota(ctx context.Context, c QuotaClient, cat pace.Category) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	service := new("cognito-idp")
	out, err := c.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: service, QuotaCode: &cat.Code})
	if err == nil && out.Quota != nil && out.Quota.Value != nil {
		return aws.ToFloat64(out.Quota.Value), nil
	}
	def, defErr := c.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: service, QuotaCode: &cat.Code})
	if defErr == nil && def.Quota != nil && def.Quota.Value != nil {
		return aws.ToFloat64(def.Quota.Value), nil
	}
	return 0, err
}
