package reset

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
)

// answer is one error of AWS's and what follows from it.
type answer struct {
	op         string // empty is OpReset
	code, text string
	class      Class
	outcome    job.Outcome
	halt       job.HaltReason
	doubt      bool
}

// answers holds, for every row of the table, AWS's wording as documented or seen.
var answers = []answer{
	{code: "TooManyRequestsException", text: "Rate exceeded", class: SlowDown},
	{code: "TooManyRequestsException", text: "Too many requests", class: SlowDown},
	{code: "ThrottlingException", text: "Rate exceeded", class: SlowDown},
	{code: "Throttling", class: SlowDown},
	{code: "ThrottledException", class: SlowDown},
	{code: "RequestThrottledException", class: SlowDown},
	{code: "RequestThrottled", class: SlowDown},
	{code: "RequestLimitExceeded", class: SlowDown},
	{code: "SlowDown", class: SlowDown},

	{code: "UserNotFoundException", text: "User does not exist.", class: Failed, outcome: job.UserNotFound},
	{code: "UserNotFoundException", text: "Username/client id combination not found.", class: Failed, outcome: job.UserNotFound},
	{code: "NotAuthorizedException", text: "User is disabled", class: Failed, outcome: job.UserDisabled},
	{code: "NotAuthorizedException", text: "User is disabled.", class: Failed, outcome: job.UserDisabled},
	{code: "NotAuthorizedException", text: "User password cannot be reset in the current state.", class: Failed, outcome: job.NotResettableState},
	{code: "NotAuthorizedException", text: "Contact administrator to reset password.", class: Failed, outcome: job.UnknownError},
	{code: "UserNotConfirmedException", text: "User is not confirmed.", class: Failed, outcome: job.NotResettableState},
	{code: "InvalidParameterException", text: "Cannot reset password for the user as there is no registered/verified email or phone_number", class: Failed, outcome: job.NoVerifiedContact},
	{code: "InvalidParameterException", text: "User has no registered/verified contact", class: Failed, outcome: job.NoVerifiedContact},
	{code: "InvalidParameterException", text: `1 validation error detected: Value 'x y' at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`, class: Failed, outcome: job.InvalidUsername},
	{code: "InvalidParameterException", text: `1 validation error detected: Value 'nonsense' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`, class: Halt, halt: job.HaltPoolNotFound},
	{code: "InvalidParameterException", text: "Something else", class: Failed, outcome: job.UnknownError},
	{code: "UserLambdaValidationException", text: "CustomMessage failed with error no.", class: Failed, outcome: job.LambdaRejected},

	{code: "LimitExceededException", text: "Exceeded daily email limit for the operation or the account. If a higher limit is required, please configure your user pool to use your own Amazon SES configuration for sending email.", class: Halt, halt: job.HaltDailyEmailLimit},
	{code: "LimitExceededException", text: "Attempt limit exceeded, please try after some time.", class: Later, outcome: job.GaveUp},

	{op: OpSignOut, code: "LimitExceededException", text: "Exceeded daily email limit for the operation or the account.", class: TryAgain, doubt: true},
	{op: OpSignOut, code: "UserNotFoundException", text: "User does not exist.", class: Failed},
	{op: OpSignOut, code: "NotAuthorizedException", text: "User is disabled.", class: Failed},
	{op: OpSignOut, code: "TooManyRequestsException", text: "Rate exceeded", class: SlowDown},
	{op: OpSignOut, code: "InternalErrorException", text: "Internal error", class: TryAgain, doubt: true},
	{op: OpSignOut, code: "AccessDeniedException", text: "User: arn:aws:iam::1:user/x is not authorized to perform: cognito-idp:AdminUserGlobalSignOut", class: Halt, halt: job.HaltAccessDenied},

	{code: "UnexpectedLambdaException", text: "CustomMessage invocation failed", class: TryAgain, outcome: job.GaveUp, halt: job.HaltLambda, doubt: true},
	{code: "InvalidLambdaResponseException", text: "Unrecognizable lambda output", class: TryAgain, outcome: job.GaveUp, halt: job.HaltLambda, doubt: true},
	{code: "CodeDeliveryFailureException", class: TryAgain, outcome: job.GaveUp, doubt: true},
	{code: "InternalErrorException", text: "Internal error", class: TryAgain, outcome: job.GaveUp, doubt: true},
	{code: "InternalFailure", class: TryAgain, outcome: job.GaveUp, doubt: true},
	{code: "InternalServerError", class: TryAgain, outcome: job.GaveUp, doubt: true},
	{code: "ServiceUnavailable", class: TryAgain, outcome: job.GaveUp, doubt: true},
	{code: "ServiceUnavailableException", class: TryAgain, outcome: job.GaveUp, doubt: true},
	{code: "RequestTimeout", class: TryAgain, outcome: job.GaveUp, doubt: true},
	{code: "RequestTimeoutException", class: TryAgain, outcome: job.GaveUp, doubt: true},

	{code: "ResourceNotFoundException", text: "User pool eu-west-1_AbCdEf123 does not exist.", class: Halt, halt: job.HaltPoolNotFound},
	{code: "InvalidEmailRoleAccessPolicyException", text: "Cognito isn't allowed to use your email identity.", class: Halt, halt: job.HaltEmailRole},
	{code: "InvalidSmsRoleAccessPolicyException", class: Halt, halt: job.HaltSMSRole},
	{code: "InvalidSmsRoleTrustRelationshipException", class: Halt, halt: job.HaltSMSRole},
	{code: "OperationNotEnabledException", class: Halt, halt: job.HaltOperationNotEnabled},
	{code: "UnknownOperationException", class: Halt, halt: job.HaltUnsupported},
	{code: "UnsupportedOperationException", class: Halt, halt: job.HaltUnsupported},
	{code: "InvalidAction", class: Halt, halt: job.HaltUnsupported},
	{code: "UnknownOperation", class: Halt, halt: job.HaltUnsupported},
	{code: "UnsupportedOperation", class: Halt, halt: job.HaltUnsupported},
	{code: "Unsupported", text: "Cognito Local unsupported feature: AdminResetUserPassword", class: Halt, halt: job.HaltUnsupported},
	{code: "NotImplemented", class: Halt, halt: job.HaltUnsupported},
	{code: "NotImplementedException", class: Halt, halt: job.HaltUnsupported},

	{code: "AccessDeniedException", text: "User: arn:aws:iam::1:user/x is not authorized to perform: cognito-idp:AdminResetUserPassword", class: Halt, halt: job.HaltAccessDenied},
	{code: "AccessDenied", class: Halt, halt: job.HaltAccessDenied},
	{code: "UnauthorizedOperation", class: Halt, halt: job.HaltAccessDenied},
	{code: "OptInRequired", class: Halt, halt: job.HaltAccessDenied},
	{code: "ExpiredTokenException", text: "The security token included in the request is expired", class: Halt, halt: job.HaltCredentials},
	{code: "ExpiredToken", class: Halt, halt: job.HaltCredentials},
	{code: "InvalidSignatureException", text: "Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z (20261129T073500Z - 5 min.)", class: Halt, halt: job.HaltClockSkew},
	{code: "InvalidSignatureException", text: "Signature not yet current: 20261129T084500Z is still later than 20261129T074000Z (20261129T073500Z + 5 min.)", class: Halt, halt: job.HaltClockSkew},
	{code: "SignatureDoesNotMatch", text: "Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z", class: Halt, halt: job.HaltClockSkew},
	{code: "SignatureDoesNotMatch", text: "Signature not yet current: 20261129T084500Z is still later than 20261129T074000Z", class: Halt, halt: job.HaltClockSkew},
	{code: "RequestExpired", text: "Request has expired.", class: Halt, halt: job.HaltClockSkew},
	{code: "RequestTimeTooSkewed", text: "The difference between the request time and the current time is too large.", class: Halt, halt: job.HaltClockSkew},
	{code: "RequestInTheFuture", class: Halt, halt: job.HaltClockSkew},
	{code: "UnrecognizedClientException", text: "The security token included in the request is invalid.", class: Halt, halt: job.HaltCredentials},
	{code: "InvalidClientTokenId", class: Halt, halt: job.HaltCredentials},
	{code: "InvalidSignatureException", text: "The request signature we calculated does not match the signature you provided.", class: Halt, halt: job.HaltCredentials},
	{code: "SignatureDoesNotMatch", class: Halt, halt: job.HaltCredentials},
	{code: "IncompleteSignature", class: Halt, halt: job.HaltCredentials},
	{code: "IncompleteSignatureException", class: Halt, halt: job.HaltCredentials},
	{code: "MissingAuthenticationToken", class: Halt, halt: job.HaltCredentials},
	{code: "MissingAuthenticationTokenException", class: Halt, halt: job.HaltCredentials},
	{code: "NotAuthorized", class: Halt, halt: job.HaltCredentials},

	{code: "ACodeThatNobodyKnows", text: "?", class: Failed, outcome: job.UnknownError},
}

// The whole way: a server's reply, the real SDK, the table. The status does not
// matter, for AWS's sources disagree on it.
func TestEveryAnswerIsClassified(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var now answer
	var status int
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-RequestId", "req-1")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": now.code, "message": now.text})
	})
	for _, a := range answers {
		for _, s := range []int{400, 403, 404, 429, 500, 503} {
			if s >= 500 && a.code == "ACodeThatNobodyKnows" {
				continue // below
			}
			mu.Lock()
			now, status = a, s
			mu.Unlock()
			var r Reply
			if a.op == OpSignOut {
				r = c.SignOut(t.Context(), pool, "person-x")
			} else {
				r = c.Reset(t.Context(), pool, "person-x", nil)
			}
			if r.Class != a.class || r.Outcome != a.outcome || r.Halt != a.halt || r.InDoubt != a.doubt {
				t.Errorf("%s %q with status %d: %v, outcome %q, halt %q, doubt %v; want %v, %q, %q, %v",
					a.code, a.text, s, r.Class, r.Outcome, r.Halt, r.InDoubt, a.class, a.outcome, a.halt, a.doubt)
			}
			if r.Code != a.code || r.RequestID != "req-1" || !r.Sent || r.Err == nil {
				t.Errorf("%s: the reply is %+v", a.code, r)
			}
			if strings.Contains(r.Note, "person-x") || a.outcome != "" && r.Note == "" {
				t.Errorf("%s: the note is %q", a.code, r.Note)
			}
		}
	}
	mu.Lock()
	now, status = answer{code: "ACodeThatNobodyKnows"}, 502
	mu.Unlock()
	if r := c.Reset(t.Context(), pool, "x", nil); r.Class != TryAgain || !r.InDoubt || r.Code != "ACodeThatNobodyKnows" {
		t.Errorf("an unknown code with status 502: %+v", r)
	}
}

// A server that lacks the operation says so with any code and status, cognito-local
// with 500 and LocalStack with 501; an internal error says something else.
func TestAServerThatLacksTheOperation(t *testing.T) {
	t.Parallel()
	for _, a := range []struct {
		status     int
		code, text string
		want       Class
	}{
		{500, "CognitoLocal#Unsupported", `Cognito Local unsupported feature: Unsupported x-amz-target header "AdminResetUserPassword"`, Halt},
		{501, "InternalFailure", "API action 'AdminResetUserPassword' for service 'cognito-idp' not yet implemented or pro feature", Halt},
		{501, "", "", Halt},
		{500, "InternalFailure", "not yet implemented", Halt},
		{500, "InternalErrorException", "The action is not implemented", Halt},
		{503, "ServiceException", "The reset_user_password action has not been implemented", Halt},
		{500, "Odd", "This operation is not supported", Halt},
		{500, "Odd", "Unsupported operation", Halt},
		{500, "InternalErrorException", "Internal error", TryAgain},
		{500, "", "", TryAgain},
		{400, "Odd", "This operation is not supported", Failed},
		{500, "UnexpectedLambdaException", "CustomMessage failed: not yet implemented", TryAgain},
		{500, "UserLambdaValidationException", "CustomMessage failed: unsupported", Failed},
	} {
		r := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(a.status)
			if a.code != "" {
				_ = json.NewEncoder(w).Encode(map[string]string{"__type": a.code, "message": a.text})
			}
		}).Reset(t.Context(), pool, "x", nil)
		if r.Class != a.want || (r.Halt == job.HaltUnsupported) != (a.want == Halt) || r.InDoubt == (a.want == Halt) && a.want != Failed {
			t.Errorf("%d %s %q: %v, %s, in doubt: %v", a.status, a.code, a.text, r.Class, r.Halt, r.InDoubt)
		}
	}
}

// No row is dead, and none is without a case above.
func TestEveryRowHasACase(t *testing.T) {
	t.Parallel()
	for i, row := range rules {
		hit := false
		for _, a := range answers {
			for j, other := range rules {
				if other.matches(a.op, a.code, strings.ToLower(a.text), 400) {
					hit = hit || i == j
					break
				}
			}
		}
		if row.fault {
			continue // TestAServerThatLacksTheOperation
		}
		if !hit {
			t.Errorf("row %d (%s, %q) decides none of the cases", i, row.code, row.text)
		}
		if row.text != strings.ToLower(row.text) {
			t.Errorf("row %d: %q is compared with lower case", i, row.text)
		}
		if row.outcome != "" && !row.outcome.Valid() {
			t.Errorf("row %d: %q is no outcome", i, row.outcome)
		}
		if (row.class == Halt) != (row.halt != "" && row.class != TryAgain) || (row.class == Failed && row.outcome == "") {
			t.Errorf("row %d (%s) is incomplete: %+v", i, row.code, row)
		}
	}
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c] || c == OtherCode {
			t.Errorf("Codes lists %s twice", c)
		}
		seen[c] = true
	}
}

func TestCheckResetsNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code string // "" is a success
		want Class
		halt job.HaltReason
	}{
		"all is well":         {"UserNotFoundException", Done, ""},
		"everybody is a user": {"", Failed, ""},
		"no permission":       {"AccessDeniedException", Halt, job.HaltAccessDenied},
		"no such pool":        {"ResourceNotFoundException", Halt, job.HaltPoolNotFound},
		"a throttle":          {"TooManyRequestsException", SlowDown, ""},
		"some failure":        {"NotAuthorizedException", Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var names []string
			cl := client(t, func(w http.ResponseWriter, r *http.Request) {
				var in struct{ Username string }
				_ = json.NewDecoder(r.Body).Decode(&in)
				names = append(names, in.Username)
				if c.code != "" {
					w.WriteHeader(http.StatusBadRequest)
					_ = json.NewEncoder(w).Encode(map[string]string{"__type": c.code, "message": "."})
					return
				}
				_, _ = w.Write([]byte("{}"))
			})
			for range 2 {
				if r := cl.Check(t.Context(), pool); r.Class != c.want || r.Halt != c.halt {
					t.Errorf("%+v", r)
				}
			}
			if len(names) != 2 || names[0] == names[1] || len(names[0]) < 20 {
				t.Errorf("the names were %q, want two random ones", names)
			}
		})
	}
}

// A success, what it sends, and what an observer hears.
func TestSuccess(t *testing.T) {
	t.Parallel()
	type heard struct{ op, code string }
	var told []heard
	var ops []string
	var in struct {
		UserPoolId, Username string
		ClientMetadata       map[string]string
	}
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		ops = append(ops, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSCognitoIdentityProviderService."))
		_ = json.NewDecoder(r.Body).Decode(&in)
		w.Header().Set("X-Amzn-RequestId", "req-7")
		_, _ = w.Write([]byte(`{"UserStatus":"RESET_REQUIRED","Username":"x"}`))
	})
	c := New(api(t, url), 5*time.Second, func(op, code string, took time.Duration) {
		told = append(told, heard{op, code})
		if took <= 0 || took > time.Minute {
			t.Errorf("a call took %v", took)
		}
	})
	r := c.Reset(t.Context(), pool, "person-x", map[string]string{"case": "7"})
	if r.Class != Done || r.Outcome != job.Reset || r.RequestID != "req-7" || r.Err != nil || r.InDoubt {
		t.Errorf("%+v", r)
	}
	if in.UserPoolId != pool || in.Username != "person-x" || in.ClientMetadata["case"] != "7" {
		t.Errorf("sent: %+v", in)
	}
	status, r := c.Status(t.Context(), pool, "person-x")
	if status != NeedsReset || r.Class != Done || r.RequestID != "req-7" {
		t.Errorf("%q, %+v", status, r)
	}
	in.UserPoolId, in.Username = "", ""
	if r := c.SignOut(t.Context(), pool, "person-x"); r.Class != Done || r.Outcome != "" || r.RequestID != "req-7" {
		t.Errorf("%+v", r)
	}
	if in.UserPoolId != pool || in.Username != "person-x" {
		t.Errorf("sent: %+v", in)
	}
	want := []string{OpReset, OpGetUser, OpSignOut}
	if d := cmp.Diff(want, ops); d != "" {
		t.Errorf("called (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]heard{{OpReset, CodeOK}, {OpGetUser, CodeOK}, {OpSignOut, CodeOK}}, told, cmp.AllowUnexported(heard{})); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}
