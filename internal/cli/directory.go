package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/smithy-go"

	"relock/internal/pace"
	"relock/internal/preflight"
	"relock/internal/reset"
)

// directory reads the users of a pool, at 80 % of the quotas for that: they are
// apart from the resets' own.
func directory(ctx context.Context, cfg aws.Config, pool string) (d *reset.Directory, fold bool, err error) {
	client := cip.NewFromConfig(cfg)
	if fold, err = foldsCase(ctx, client, pool); err != nil {
		return nil, false, err
	}
	quotas := servicequotas.NewFromConfig(cfg)
	pacer := func(c pace.Category) (*pace.Pacer, error) {
		q, err := preflight.Quota(ctx, quotas, c)
		if err != nil || q <= 0 {
			q = c.Default
		}
		return pace.New(pace.Config{Budget: pace.Share * q, Quota: q})
	}
	list, err := pacer(pace.UserList)
	if err != nil {
		return nil, false, fmt.Errorf("setting the pace of listings: %w", err)
	}
	read, err := pacer(pace.UserRead)
	if err != nil {
		return nil, false, fmt.Errorf("setting the pace of look-ups: %w", err)
	}
	return reset.NewDirectory(reset.DirectoryConfig{API: client, Pool: pool, FoldCase: fold, List: list, Read: read}), fold, nil
}

// foldsCase asks whether a pool ignores the case of usernames. Where that may not
// be asked it does: rather one too many excluded than one too few.
func foldsCase(ctx context.Context, c preflight.PoolClient, pool string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := c.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &pool})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "AccessDeniedException" {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("describing the user pool: %w", err)
	}
	return preflight.FoldsCase(out.UserPool), nil
}

// noteEvery is how often somebody who waits is told how far it is.
const noteEvery = 5 * time.Second

// notes tell somebody who waits how far it is. Its methods may be called
// concurrently.
type notes struct {
	w    io.Writer
	text string // a format with one number

	mu   sync.Mutex
	n    int64
	last time.Time
}

func newNotes(w io.Writer, text string) *notes { return &notes{w: w, text: text, last: time.Now()} }

// add counts n more, and says so now and then.
func (p *notes) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n += int64(n)
	if now := time.Now(); now.Sub(p.last) >= noteEvery {
		p.last = now
		say(p.w, p.text+"\n", p.n)
	}
}

// users is a number of users in words.
func users(n int64) string {
	if n == 1 {
		return "1 user"
	}
	return fmt.Sprintf("%d users", n)
}
