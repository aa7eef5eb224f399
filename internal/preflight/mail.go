package preflight

import (
	"context"
	"fmt"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"relock/internal/pace"
)

// PoolClient is what SendsWithSES needs of *cognitoidentityprovider.Client.
type PoolClient interface {
	DescribeUserPool(context.Context, *cip.DescribeUserPoolInput, ...func(*cip.Options)) (*cip.DescribeUserPoolOutput, error)
}

// MailClient is what SESQuota needs of *sesv2.Client.
type MailClient interface {
	GetAccount(context.Context, *sesv2.GetAccountInput, ...func(*sesv2.Options)) (*sesv2.GetAccountOutput, error)
}

var (
	_ PoolClient = (*cip.Client)(nil)
	_ MailClient = (*sesv2.Client)(nil)
)

// SendsWithSES reports whether a pool sends its mail with the account's own SES
// identity. False where it is not allowed to ask; the error is for a log.
func SendsWithSES(ctx context.Context, c PoolClient, pool string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, quotaTimeout)
	defer cancel()
	out, err := c.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &pool})
	if err != nil {
		return false, fmt.Errorf("describing the user pool: %w", err)
	}
	mail := out.UserPool.EmailConfiguration
	return mail != nil && mail.EmailSendingAccount == types.EmailSendingAccountTypeDeveloper, nil
}

// SESQuota asks SES what the account may send in this Region. Nil where it is
// not allowed to ask; the error is for a log.
func SESQuota(ctx context.Context, c MailClient) (*pace.SESQuota, error) {
	ctx, cancel := context.WithTimeout(ctx, quotaTimeout)
	defer cancel()
	out, err := c.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return nil, fmt.Errorf("asking SES for its quota: %w", err)
	}
	if out.SendQuota == nil {
		return nil, nil
	}
	return &pace.SESQuota{
		MaxSendRate:     out.SendQuota.MaxSendRate,
		Max24HourSend:   out.SendQuota.Max24HourSend,
		SentLast24Hours: out.SendQuota.SentLast24Hours,
	}, nil
}
