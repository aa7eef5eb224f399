package reset

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"relock/internal/job"
)

// How far the clock is off is in AWS's text, as the time of the signature and, where
// it is there, the server's own; else it is in the answer's Date.
func TestTheSkewOfARefusedSignature(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z":                                     -10 * time.Minute,
		"Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z (20261129T073500Z - 5 min.)":         -15 * time.Minute,
		"Signature not yet current: 20261129T084500Z is still later than 20261129T074000Z (20261129T073500Z + 5 min.)": 70 * time.Minute,
		"Signature not yet current: 20270101T000010Z is still later than 20261231T235959Z":                             11 * time.Second,
		"Signature expired: at some time":                      2 * time.Hour, // by the Date
		"Signature expired: 20261399T072000Z 20261129T073000Z": 2 * time.Hour,
	} {
		r := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"__type": "InvalidSignatureException", "message": text})
		}).Reset(t.Context(), pool, "x", nil)
		got := r.Skew
		if want == 2*time.Hour { // the server's second is not ours
			got = got.Round(time.Minute)
		}
		if r.Halt != job.HaltClockSkew || got != want || r.InDoubt {
			t.Errorf("%s: %s, %v, in doubt: %v; want %v", text, r.Halt, r.Skew, r.InDoubt, want)
		}
	}
	right := client(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"RequestExpired","message":"."}`))
	}).Reset(t.Context(), pool, "x", nil)
	if right.Halt != job.HaltClockSkew || right.Skew != 0 {
		t.Errorf("a Date that is ours: %s, %v", right.Halt, right.Skew)
	}
}

func TestCause(t *testing.T) {
	t.Parallel()
	sdk := func(service string, err error) error {
		return fmt.Errorf("asking: %w", &smithy.OperationError{ServiceID: service, OperationName: "Do", Err: err})
	}
	api := func(code, text string) error { return &smithy.GenericAPIError{Code: code, Message: text} }
	late := api("SignatureDoesNotMatch", "Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z")
	for name, c := range map[string]struct {
		err  error
		want job.Halt
	}{
		"none":                     {nil, job.Halt{}},
		"no answer":                {sdk("STS", errors.New("no route to host")), job.Halt{}},
		"a throttle":               {sdk("STS", api("Throttling", "")), job.Halt{}},
		"expired":                  {sdk("STS", api("ExpiredToken", "")), job.Halt{Reason: job.HaltCredentials, Code: "ExpiredToken"}},
		"a wrong secret":           {sdk("STS", api("SignatureDoesNotMatch", "does not match")), job.Halt{Reason: job.HaltCredentials, Code: "SignatureDoesNotMatch"}},
		"a wrong clock":            {sdk("STS", late), job.Halt{Reason: job.HaltClockSkew, Code: "SignatureDoesNotMatch", Skew: -10 * time.Minute}},
		"no role by a wrong clock": {sdk("SQS", sdk("STS", late)), job.Halt{Reason: job.HaltClockSkew, Code: "SignatureDoesNotMatch", Skew: -10 * time.Minute}},
		"no role":                  {sdk("SQS", sdk("STS", api("AccessDenied", ""))), job.Halt{Reason: job.HaltCredentials}},
	} {
		if got := Cause(c.err); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
