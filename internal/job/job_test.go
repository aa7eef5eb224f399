package job

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestAUsernameInALogIsRedacted(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "username", Username("ana@example.com"))
	if strings.Contains(b.String(), "ana") || !strings.Contains(b.String(), "[redacted]") {
		t.Errorf("the log says %s", b.String())
	}
}

func TestEveryOutcomeIsSuccessFailureOrAskedFor(t *testing.T) {
	t.Parallel()
	seen := map[Outcome]bool{}
	for _, o := range Outcomes() {
		if seen[o] || o == "" || !o.Valid() {
			t.Errorf("%q is empty, twice in the list, or not valid", o)
		}
		seen[o] = true
		if o.Succeeded() && o.Failed() {
			t.Errorf("%s is a success and a failure", o)
		}
		if asked := o == Excluded || o == Cancelled; !o.Succeeded() && !o.Failed() && !asked {
			t.Errorf("%s is nothing at all", o)
		}
	}
	if Outcome("").Valid() || Outcome("").Failed() || Outcome("other").Valid() {
		t.Error("a pending target or a stranger counts as an outcome")
	}
}

// A halt has one remedy for a worker that stays and one for a run that has ended,
// which nothing tries again.
func TestEveryHaltHasARemedy(t *testing.T) {
	t.Parallel()
	seen := map[string]HaltReason{}
	for _, r := range HaltReasons() {
		h := Halt{Reason: r}
		stays, ended := h.Remedy(true), h.Remedy(false)
		if h.Fix() == (Halt{Reason: "unknown"}).Fix() || !strings.HasPrefix(stays, h.Fix()) || !strings.HasPrefix(ended, h.Fix()) {
			t.Errorf("%s has no remedy of its own", r)
		}
		if other, twice := seen[stays]; twice {
			t.Errorf("%s and %s have the same remedy", r, other)
		}
		seen[stays] = r
		if by := strings.Contains(stays, "by itself"); by != r.SelfClearing() {
			t.Errorf("%s: its remedy says it clears by itself: %v, and it does: %v", r, by, r.SelfClearing())
		}
		if strings.Contains(ended, "by itself") || !strings.Contains(ended, "start the worker again") {
			t.Errorf("%s: of a run that has ended: %s", r, ended)
		}
		for _, text := range []string{stays, ended} {
			if resume := strings.Contains(text, "job resume"); resume == (r.SelfClearing() || r.Local()) {
				t.Errorf("%s: the remedy names `job resume`: %v", r, resume)
			}
		}
	}
}

// Credentials are refused for several causes, each with something else to do.
func TestCredentialsHaveARemedyForEachCause(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"ExpiredTokenException":       "have expired",
		"ExpiredToken":                "have expired",
		"UnrecognizedClientException": "does not know the access key",
		"InvalidClientTokenId":        "does not know the access key",
		"InvalidSignatureException":   "the secret access key does not fit",
		"SignatureDoesNotMatch":       "the secret access key does not fit",
		"MissingAuthenticationToken":  "without its signature",
		"":                            "no usable AWS credentials",
		"NotAuthorized":               "renew the AWS credentials",
	} {
		if got := (Halt{Reason: HaltCredentials, Code: code}).Fix(); !strings.Contains(got, want) {
			t.Errorf("%q: %s", code, got)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for skew, want := range map[time.Duration]string{
		0:                                       "",
		400 * time.Millisecond:                  "",
		-45 * time.Second:                       "45 s behind AWS's",
		10 * time.Minute:                        "10 min 0 s ahead of AWS's",
		-10*time.Minute - 1600*time.Millisecond: "10 min 2 s behind AWS's",
		-90 * time.Minute:                       "1 h 30 min 0 s behind AWS's",
		49*time.Hour + 2*time.Minute:            "2 d 1 h 2 min ahead of AWS's",
	} {
		if got := (Halt{Skew: skew}).Clock(); got != want {
			t.Errorf("%v: %q, want %q", skew, got, want)
		}
	}
	if got := (Halt{Reason: HaltClockSkew}).Fix(); !strings.Contains(got, "it is too far from AWS's") {
		t.Error(got)
	}
}

func ExampleUsername() {
	fmt.Println(Username("ana").LogValue())
	// Output: [redacted]
}

func TestMetadataForATarget(t *testing.T) {
	t.Parallel()
	p := Policy{Metadata: map[string]string{"case": "1", "by": "job"}}
	if got, want := fmt.Sprint(p.MetadataFor(map[string]string{"case": "2", "x": "y"})), "map[by:job case:2 x:y]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if p.Metadata["case"] != "1" || len(p.Metadata) != 2 {
		t.Errorf("the policy was changed: %v", p.Metadata)
	}
	if got := (Policy{}).MetadataFor(nil); got != nil {
		t.Errorf("out of nothing came %v", got)
	}
}

func TestAJobThatIsOver(t *testing.T) {
	t.Parallel()
	for s, want := range map[State]bool{StateStaging: false, StateOpen: false, StatePaused: false, StateCancelled: true, StateFinished: true} {
		if s.Over() != want {
			t.Errorf("%s: over is %t", s, s.Over())
		}
	}
}

func TestTheFormOfASub(t *testing.T) {
	t.Parallel()
	for name, want := range map[Username]bool{
		"0f8fad5b-d9cb-469f-a165-70867728950e":  true,
		"0F8FAD5B-D9CB-469F-A165-70867728950E":  true,
		"":                                      false,
		"0f8fad5b-d9cb-469f-a165-70867728950":   false,
		"0f8fad5b-d9cb-469f-a165-70867728950e0": false,
		"0f8fad5bxd9cb-469f-a165-70867728950e":  false,
		"0f8fad5b-d9cb-469f-a165-7086772895-e":  false,
		"0f8fad5b-d9cb-469f-a165-70867728950g":  false,
	} {
		if name.IsUUID() != want {
			t.Errorf("%s: %t, want %t", string(name), name.IsUUID(), want)
		}
	}
}
