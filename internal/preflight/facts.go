package preflight

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/reset"
)

// askTimeout bounds each question.
const askTimeout = 5 * time.Second

// ActionDescribe is the IAM action of the question that most depends on.
const ActionDescribe = "cognito-idp:DescribeUserPool"

// Clients are whom Ask asks.
type Clients struct {
	Pool   PoolClient
	Mail   MailClient
	Quotas QuotaClient
}

// Facts are AWS's answers about a pool and its account.
type Facts struct {
	// ID, Region and Account say which pool was asked for, and where.
	ID, Region, Account string
	// Pool is nil where it is not known, and Missing says that there is none.
	Pool    *types.UserPoolType
	Missing bool
	// Primary is the Region of the pool's primary, if the pool asked for is a
	// secondary replica; empty if it is not, or if that is not known.
	Primary string
	// Quota is the requests a second of UserAccountRecovery; zero where Service
	// Quotas does not tell.
	Quota float64
	// SES is the sender's account; nil if the pool does not send with SES, or if it
	// is not known.
	SES *SES
	// Unanswered are the questions without an answer, in no order.
	Unanswered []Unanswered
}

// Unanswered is a question that AWS did not answer.
type Unanswered struct {
	// Action is the IAM action of the question.
	Action string
	// About says what is not known now, as a noun.
	About string
	// Needed says that what depends on it cannot be checked at all; without it,
	// there is something to fall back on.
	Needed bool
	Err    error
}

// Denied reports whether the answer was that the caller may not ask.
func (u Unanswered) Denied() bool {
	if reset.Cause(u.Err).Reason == job.HaltAccessDenied {
		return true
	}
	api, ok := errors.AsType[smithy.APIError](u.Err)
	return ok && api.ErrorCode() == "AWS.SimpleQueueService.AccessDenied"
}

// fix is what to do about a question without an answer.
func (u Unanswered) fix() string {
	switch h := reset.Cause(u.Err); h.Reason {
	case job.HaltCredentials, job.HaltClockSkew, job.HaltUnsupported:
		return h.Fix()
	}
	if _, ok := errors.AsType[smithy.APIError](u.Err); ok {
		return "run the same command again in a moment"
	}
	return "check the endpoint (AWS_ENDPOINT_URL), the proxy (HTTPS_PROXY) and the network"
}

// reason is why there is no answer, without AWS's own text, which may hold
// anything.
func (u Unanswered) reason() string {
	if api, ok := errors.AsType[smithy.APIError](u.Err); ok {
		return "AWS answered " + api.ErrorCode()
	}
	if errors.Is(u.Err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return "no answer"
}

// Ask asks everything at once; each question is bounded in time, and one that has
// no answer ends up in Unanswered. id is the pool's.
func Ask(ctx context.Context, c Clients, id, region string) Facts {
	f := Facts{ID: id, Region: region}
	var mu sync.Mutex // guards Unanswered
	unanswered := func(action, about string, needed bool, err error) {
		if err == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		f.Unanswered = append(f.Unanswered, Unanswered{action, about, needed, err})
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		pool, err := describe(ctx, c.Pool, id)
		if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
			f.Missing = true
			return
		}
		unanswered(ActionDescribe, "whether the pool exists, how large it is, how it recovers accounts and sends mail", true, err)
		f.Pool = pool
		if from, ok := sender(pool); ok {
			ses, err := askSES(ctx, c.Mail, from)
			unanswered("ses:GetAccount", "what SES may send", true, err)
			f.SES = ses
		}
	})
	var replicaErr error
	wg.Go(func() { f.Primary, replicaErr = primary(ctx, c.Pool, id, region) })
	wg.Go(func() {
		quota, err := Quota(ctx, c.Quotas, pace.UserAccountRecovery)
		if quota == 0 {
			unanswered("servicequotas:GetServiceQuota", "the account's quota, taken for AWS's default or --quota", false, err)
		}
		f.Quota = quota
	})
	wg.Wait()
	if !f.Missing { // or everybody knows why
		unanswered("cognito-idp:ListUserPoolReplicas", "whether the pool is a secondary replica", false, replicaErr)
	}
	return f
}
