package awsconf

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// A server whose clock is not ours refuses the first signature of a client; the SDK
// learns from the answer's Date, and the second is accepted. Where the clock is not
// the cause, nothing is asked twice.
func TestAWrongClockIsCorrectedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		skew         time.Duration // of the server
		secret       bool          // is wrong
		calls, again int           // of the first and the second question
		fails        bool
	}{
		"right":                       {calls: 1, again: 1},
		"ahead":                       {skew: 20 * time.Minute, calls: 2, again: 1},
		"behind":                      {skew: -3 * time.Hour, calls: 2, again: 1},
		"a wrong secret":              {secret: true, calls: 1, again: 1, fails: true},
		"a wrong secret, and a clock": {skew: time.Hour, secret: true, calls: 2, again: 1, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				now := time.Now().Add(c.skew).UTC()
				w.Header().Set("Date", now.Format(http.TimeFormat))
				signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
				if err != nil || c.secret || now.Sub(signed).Abs() > 5*time.Minute {
					w.WriteHeader(http.StatusForbidden)
					fmt.Fprint(w, `<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error></ErrorResponse>`)
					return
				}
				fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
			}))
			defer server.Close()
			t.Setenv("AWS_ENDPOINT_URL", server.URL)
			t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
			t.Setenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "")
			cfg, err := Load(t.Context(), Options{Region: "eu-west-1"})
			if err != nil {
				t.Fatal(err)
			}
			client := sts.NewFromConfig(cfg)
			for i, want := range []int{c.calls, c.again} {
				calls = 0
				who, err := whoAmI(t.Context(), client)
				if (err != nil) != c.fails || calls != want {
					t.Errorf("question %d: %d calls, want %d; error %v", i+1, calls, want, err)
				}
				if off := (who.Skew + c.skew).Abs(); !c.fails && off > 5*time.Second {
					t.Errorf("question %d: our clock is %v ahead, want %v", i+1, who.Skew, -c.skew)
				}
			}
		})
	}
}
