package cli

import (
	"context"
	"fmt"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"relock/internal/number"
	"relock/internal/pace"
	"relock/internal/preflight"
	"relock/internal/reset"
)

// directory reads the users of a pool, at 80 % of the quotas for that: they are
// apart from the resets' own.
func directory(ctx context.Context, f *facts) (d *reset.Directory, fold bool, err error) {
	if fold, err = foldsCase(f); err != nil {
		return nil, false, err
	}
	client := cip.NewFromConfig(*f.cfg)
	quotas := servicequotas.NewFromConfig(*f.cfg)
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
	return reset.NewDirectory(reset.DirectoryConfig{API: client, Pool: f.ID, FoldCase: fold, List: list, Read: read}), fold, nil
}

// foldsCase reports whether a pool ignores the case of usernames. Where that may
// not be asked it does: rather one too many excluded than one too few.
func foldsCase(f *facts) (bool, error) {
	switch {
	case f.Pool != nil:
		return preflight.FoldsCase(f.Pool), nil
	case f.Missing:
		return false, fmt.Errorf("the user pool %s does not exist in %s of the account %s; check --%s, and whose credentials these are", f.ID, f.Region, f.who.Account, flagPool)
	}
	for _, u := range f.Unanswered {
		if u.Action == preflight.ActionDescribe && !u.Denied() {
			return false, fmt.Errorf("describing the user pool: %w", u.Err)
		}
	}
	return true, nil
}

// users is a number of users in words.
func users(n int64) string {
	return number.Of(n, "user", "users")
}
