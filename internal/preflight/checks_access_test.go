package preflight

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// A question that a check needs stops where it has no answer, whatever the reason,
// and says what to do; one that may not be asked is another finding.
func TestNeededQuestions(t *testing.T) {
	t.Parallel()
	skewed := &smithy.GenericAPIError{Code: "InvalidSignatureException", Message: "Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z"}
	for code, c := range map[string]struct {
		err        error
		code, text string
	}{
		"denied":     {answer("AccessDeniedException"), "missing_permission", "lack"},
		"denied SQS": {answer("AWS.SimpleQueueService.AccessDenied"), "missing_permission", "lack"},
		"expired":    {answer("ExpiredTokenException"), "aws_not_asked", "The AWS credentials have expired"},
		"unknown":    {answer("UnrecognizedClientException"), "aws_not_asked", "AWS does not know the access key"},
		"secret":     {answer("InvalidSignatureException"), "aws_not_asked", "The secret access key does not fit"},
		"clock":      {skewed, "aws_not_asked", "10 min 0 s behind AWS's"},
		"mock":       {answer("UnknownOperationException"), "aws_not_asked", "it does not know the operation"},
		"busy":       {answer("TooManyRequestsException"), "aws_not_asked", "again in a moment"},
		"network":    {fmt.Errorf("no route"), "aws_not_asked", "Check the endpoint"},
	} {
		for _, needed := range []bool{true, false} {
			got := Findings(Facts{}, Run{Unanswered: []Unanswered{{Action: "a:B", About: "it", Needed: needed, Err: c.err}}})
			want := c.code
			if !needed {
				want = "not_asked"
			}
			if len(got) != 1 || got[0].Code != want || got[0].Stops != needed || needed && !strings.Contains(got[0].Text, c.text) {
				t.Errorf("%s, needed %v: %+v, want %s", code, needed, got, want)
			}
			if strings.Contains(got[0].Text, "ana@") {
				t.Errorf("AWS's own text: %s", got[0].Text)
			}
		}
	}
}

func TestCredentialsExpire(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	in := func(d time.Duration) time.Time { return now.Add(d) }
	for name, c := range map[string]struct {
		cred Credentials
		took time.Duration
		want string // a part of the text; empty for no finding
	}{
		"for good":                  {Credentials{}, 300 * time.Hour, ""},
		"after the end":             {Credentials{Temporary: true, Expires: in(2 * time.Hour)}, time.Hour, ""},
		"before the end":            {Credentials{Temporary: true, Expires: in(time.Hour)}, 2 * time.Hour, "expire at 2026-11-29 09:00 UTC, before the job's end. Nothing renews them"},
		"renewed":                   {Credentials{Temporary: true, Expires: in(time.Hour), Renewal: "the SDK does"}, 2 * time.Hour, "before the job's end. The SDK does. Renew them"},
		"unknown":                   {Credentials{Temporary: true}, 5 * time.Hour, "it is not known when, and the job takes about 5 hours. Nothing renews them"},
		"unknown, and a short list": {Credentials{Temporary: true}, time.Minute, ""},
	} {
		got := Findings(Facts{}, Run{Credentials: c.cred, Took: c.took, Ends: in(c.took)})
		switch {
		case c.want == "":
			if len(got) > 0 {
				t.Errorf("%s: %+v", name, got)
			}
		case len(got) != 1 || got[0].Code != "credentials_expire" || got[0].Stops || !strings.Contains(got[0].Text, c.want):
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, skew := range []time.Duration{0, time.Minute, -50 * time.Second, 61 * time.Second, -10 * time.Minute} {
		for _, f := range Findings(Facts{}, Run{Skew: skew}) {
			codes = append(codes, f.Code+" "+strings.SplitAfter(f.Text, ".")[0])
		}
	}
	want := []string{
		"clock_skew This machine's clock is 1 min 1 s ahead of AWS's.",
		"clock_skew This machine's clock is 10 min 0 s behind AWS's.",
	}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
