//go:build crash

package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// harness is the access key of the harness's own calls.
const harness = "HARNESS"

// recovers says whether a user chooses a new password at once, and so is no longer
// in RESET_REQUIRED when somebody asks: a third of all.
func recovers(user string) bool {
	return strings.HasSuffix(user, "0") || strings.HasSuffix(user, "3") || strings.HasSuffix(user, "7")
}

// people choose new passwords after a reset, until ctx ends. Without them every
// look-up would settle the doubt, and no second reset would ever be made.
func (r *rig) people(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	who := make(chan string, 1000)
	for range 8 {
		all.Go(func() {
			for user := range who {
				if err := r.choosePassword(ctx, user); err != nil && ctx.Err() == nil {
					r.t.Errorf("a user's new password: %v", err)
				}
			}
		})
	}
	all.Go(func() {
		defer close(who)
		after, err := int64(0), error(nil)
		for ctx.Err() == nil {
			if after, err = r.resetSince(ctx, after, who); err != nil && ctx.Err() == nil {
				r.t.Errorf("following the sandbox: %v", err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	return func() { cancel(); all.Wait() }
}

// resetSince finds the users reset since the call of number after.
func (r *rig) resetSince(ctx context.Context, after int64, who chan<- string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/_sandbox/log?after=%d", r.url, after), nil)
	if err != nil {
		return after, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return after, err
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	for {
		var l struct {
			N                     int64
			Operation, Note, Code string
		}
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return after, nil
		} else if err != nil {
			return after, err
		}
		after = l.N
		if l.Operation == opReset && l.Code == "" && recovers(l.Note) {
			select {
			case who <- l.Note:
			case <-ctx.Done():
				return after, ctx.Err()
			}
		}
	}
}

// choosePassword makes a user CONFIRMED again.
func (r *rig) choosePassword(ctx context.Context, user string) error {
	_, err := r.cognito.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{
		UserPoolId: new(pool), Username: &user, Password: new("Correct-horse-1"), Permanent: true,
	})
	return err
}
