package preflight

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"relock/internal/pace"
)

// MailClient is what SESQuota needs of *sesv2.Client.
type MailClient interface {
	GetAccount(context.Context, *sesv2.GetAccountInput, ...func(*sesv2.Options)) (*sesv2.GetAccountOutput, error)
}

var _ MailClient = (*sesv2.Client)(nil)

// SES is an account's sending in one Region.
type SES struct {
	Region string
	pace.SESQuota
	// Production is false in SES's sandbox. Paused says that AWS or the account's
	// owner has stopped the sending.
	Production, Paused bool
}

// left is how many messages may still be sent in 24 hours; false if there is no
// bound.
func (s *SES) left() (int64, bool) {
	return int64(max(0, s.Max24HourSend-s.SentLast24Hours)), s.Max24HourSend >= 0
}

// Sender finds out whether a pool sends its mail with the account's own SES, and
// in which Region. False where it is not allowed to ask; the error is for a log.
func Sender(ctx context.Context, c PoolClient, pool string) (region string, ses bool, err error) {
	p, err := describe(ctx, c, pool)
	if err != nil {
		return "", false, fmt.Errorf("describing the user pool: %w", err)
	}
	region, ses = sender(p)
	return region, ses, nil
}

// sender is the Region of the SES identity that a pool sends with; empty for the
// pool's own. The identity's ARN names it: it need not be the pool's. Source: Amazon
// Cognito Developer Guide, "Email settings for Amazon Cognito user pools".
func sender(p *types.UserPoolType) (region string, ses bool) {
	if p == nil || p.EmailConfiguration == nil || p.EmailConfiguration.EmailSendingAccount != types.EmailSendingAccountTypeDeveloper {
		return "", false
	}
	if part := strings.Split(aws.ToString(p.EmailConfiguration.SourceArn), ":"); len(part) > 3 {
		region = part[3]
	}
	return region, true
}

// SESQuota asks SES what the account may send in a Region; empty is the client's.
// Nil where it is not allowed to ask; the error is for a log.
func SESQuota(ctx context.Context, c MailClient, region string) (*pace.SESQuota, error) {
	s, err := askSES(ctx, c, region)
	if err != nil {
		return nil, fmt.Errorf("asking SES for its quota: %w", err)
	}
	return &s.SESQuota, nil
}

func askSES(ctx context.Context, c MailClient, region string) (*SES, error) {
	s := &SES{}
	var out *sesv2.GetAccountOutput
	err := patiently(ctx, func(ctx context.Context) (err error) {
		out, err = c.GetAccount(ctx, &sesv2.GetAccountInput{}, func(o *sesv2.Options) {
			if region != "" {
				o.Region = region
			}
			s.Region = o.Region
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.Production, s.Paused = out.ProductionAccessEnabled, !out.SendingEnabled
	if out.SendQuota == nil {
		s.Max24HourSend = -1 // not told
		return s, nil
	}
	s.SESQuota = pace.SESQuota{
		MaxSendRate:     out.SendQuota.MaxSendRate,
		Max24HourSend:   out.SendQuota.Max24HourSend,
		SentLast24Hours: out.SendQuota.SentLast24Hours,
	}
	return s, nil
}
