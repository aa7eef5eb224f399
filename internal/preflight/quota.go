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
	service := new("cognito-idp")
	var quota float64
	err := patiently(ctx, func(ctx context.Context) error {
		out, err := c.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: service, QuotaCode: &cat.Code})
		if err == nil && out.Quota != nil {
			quota = aws.ToFloat64(out.Quota.Value)
		}
		return err
	})
	if quota > 0 {
		return quota, nil
	}
	_ = patiently(ctx, func(ctx context.Context) error { // err says why there is none
		out, err := c.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: service, QuotaCode: &cat.Code})
		if err == nil && out.Quota != nil {
			quota = aws.ToFloat64(out.Quota.Value)
		}
		return err
	})
	if quota > 0 {
		return quota, nil
	}
	return 0, err
}
