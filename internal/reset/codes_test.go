package reset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/smithy-go"
)

func TestCodesOfAClass(t *testing.T) {
	t.Parallel()
	slow := CodesOf(SlowDown)
	if !slices.Contains(slow, "TooManyRequestsException") || slices.Contains(slow, "UserNotFoundException") || !slices.IsSorted(slow) {
		t.Errorf("codes that ask to slow down: %v", slow)
	}
	bad := CredentialCodes()
	if !slices.Contains(bad, "ExpiredTokenException") || slices.Contains(bad, "AccessDeniedException") {
		t.Errorf("codes of credentials: %v", bad)
	}
	for _, c := range append(slow, bad...) {
		if !slices.Contains(Codes(), c) {
			t.Errorf("%s is not a code of the table", c)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	operation := func(name string, err error) error {
		return &smithy.OperationError{ServiceID: name, OperationName: "Do", Err: err}
	}
	api := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"none":                     {nil, false},
		"expired":                  {operation("SQS", api("ExpiredToken")), true},
		"a wrong key":              {operation("SQS", api("InvalidClientTokenId")), true},
		"no permission":            {fmt.Errorf("receiving: %w", operation("SQS", api("AccessDenied"))), true},
		"credentials not obtained": {operation("SQS", fmt.Errorf("get credentials: %w", operation("STS", errors.New("no route to host")))), true},
		"a throttle":               {operation("SQS", api("RequestThrottled")), false},
		"an unknown code":          {operation("SQS", api("KmsDisabled")), false},
		"no answer":                {operation("SQS", errors.New("connection reset")), false},
		"given up":                 {operation("SQS", context.Canceled), false},
	} {
		if got := Refused(c.err); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
