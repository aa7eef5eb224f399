package reset

import (
	"errors"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"relock/internal/job"
)

// Class is what the worker does about a reply. It is a closed set.
type Class uint8

// The classes of a reply.
const (
	// Done: Cognito accepted the call.
	Done Class = iota
	// Failed: the call failed for this user for good; go on with the others.
	Failed
	// Later: this user may be tried again in an hour or so.
	Later
	// SlowDown: the quota is spent; not an attempt.
	SlowDown
	// TryAgain: something between here and there failed.
	TryAgain
	// Halt: no user can be reset until somebody fixes the cause.
	Halt
)

func (c Class) String() string {
	return [...]string{"done", "failed", "later", "slow_down", "try_again", "halt"}[c]
}

// rule is one row of the table: an error code, the operation and a part of its
// message where one code means several things, and what follows.
type rule struct {
	// op is the operation; empty matches any.
	op string
	// code is AWS's; empty matches any.
	code string
	// text is a part of AWS's message in lower case; empty matches any.
	text string
	// fault limits the row to answers with a status of 5xx.
	fault   bool
	class   Class
	outcome job.Outcome    // for Failed, and for TryAgain once the tries are spent
	halt    job.HaltReason // for Halt, and for TryAgain once the tries are spent
	note    string
}

func (r rule) matches(op, code, text string, status int) bool {
	return (r.code == "" || r.code == code) && (r.op == "" || r.op == op) && strings.Contains(text, r.text) &&
		(!r.fault || status >= http.StatusInternalServerError)
}

// rules is the one table. Cognito's codes are ambiguous, so message texts decide
// where they must; the HTTP status does not, for the API reference and the
// service's own model disagree on it (and answers say 400: aws/aws-sdk-java#2301).
// The first row that matches wins. Sources: API_AdminResetUserPassword and
// API_AdminUserGlobalSignOut in the Amazon Cognito user pools API reference. The
// texts are in no reference; they were reported in aws-amplify/amplify-js#1340 and
// #2383, aws/aws-aspnet-cognito-identity-provider#37 (states), and
// amazon-archives/amazon-cognito-identity-js#373 (disabled).
//
// Servers other than AWS answer an operation that they lack with a code of their own
// or with that of an internal error: cognito-local with Unsupported and status 500,
// LocalStack with InternalFailure and status 501, which means that and nothing else.
var rules = []rule{
	{code: "TooManyRequestsException", class: SlowDown},
	{code: "ThrottlingException", class: SlowDown},
	{code: "Throttling", class: SlowDown},
	{code: "ThrottledException", class: SlowDown},
	{code: "RequestThrottledException", class: SlowDown},
	{code: "RequestThrottled", class: SlowDown},
	{code: "RequestLimitExceeded", class: SlowDown},
	{code: "SlowDown", class: SlowDown},

	{code: "UserNotFoundException", class: Failed, outcome: job.UserNotFound, note: "the pool has no such user"},
	{code: "NotAuthorizedException", text: "user is disabled", class: Failed, outcome: job.UserDisabled, note: "the user is disabled; enable the user first if a reset is wanted"},
	{code: "NotAuthorizedException", text: "cannot be reset in the current state", class: Failed, outcome: job.NotResettableState, note: "the account's state cannot be reset (FORCE_CHANGE_PASSWORD, EXTERNAL_PROVIDER)"},
	{code: "UserNotConfirmedException", class: Failed, outcome: job.NotResettableState, note: "the account was never confirmed"},
	{code: "NotAuthorizedException", class: Failed, outcome: job.UnknownError, note: "Cognito refused for a reason that Relock does not know"},
	{code: "InvalidParameterException", text: "cannot reset password", class: Failed, outcome: job.NoVerifiedContact, note: "no verified e-mail address or phone number to send a code to"},
	{code: "InvalidParameterException", text: "registered/verified", class: Failed, outcome: job.NoVerifiedContact, note: "no verified e-mail address or phone number to send a code to"},
	{code: "InvalidParameterException", text: "'userpoolid'", class: Halt, halt: job.HaltPoolNotFound},
	{code: "InvalidParameterException", text: "'username'", class: Failed, outcome: job.InvalidUsername, note: "Cognito refused the form of the username"},
	{code: "InvalidParameterException", class: Failed, outcome: job.UnknownError, note: "Cognito refused a parameter for a reason that Relock does not know"},
	{code: "UserLambdaValidationException", class: Failed, outcome: job.LambdaRejected, note: "a Lambda trigger of the pool rejected the reset"},

	// No limit of attempts is documented for it, and it sends no mail.
	{op: OpSignOut, code: "LimitExceededException", class: TryAgain, note: "Cognito answered that a limit is exceeded"},
	{code: "LimitExceededException", text: "daily email limit", class: Halt, halt: job.HaltDailyEmailLimit},
	{code: "LimitExceededException", class: Later, outcome: job.GaveUp, note: "the user's own limit of attempts stayed exceeded"},

	{code: "UnexpectedLambdaException", class: TryAgain, outcome: job.GaveUp, halt: job.HaltLambda, note: "a Lambda trigger of the pool failed"},
	{code: "InvalidLambdaResponseException", class: TryAgain, outcome: job.GaveUp, halt: job.HaltLambda, note: "a Lambda trigger of the pool failed"},
	{fault: true, text: "not supported", class: Halt, halt: job.HaltUnsupported},
	{fault: true, text: "unsupported", class: Halt, halt: job.HaltUnsupported},
	{fault: true, text: "not implemented", class: Halt, halt: job.HaltUnsupported},
	{fault: true, text: "not yet implemented", class: Halt, halt: job.HaltUnsupported},
	{fault: true, text: "not been implemented", class: Halt, halt: job.HaltUnsupported},
	{code: "CodeDeliveryFailureException", class: TryAgain, outcome: job.GaveUp, note: "the code could not be sent"},
	{code: "InternalErrorException", class: TryAgain, outcome: job.GaveUp, note: "Cognito answered with internal errors"},
	{code: "InternalFailure", class: TryAgain, outcome: job.GaveUp, note: "Cognito answered with internal errors"},
	{code: "InternalServerError", class: TryAgain, outcome: job.GaveUp, note: "Cognito answered with internal errors"},
	{code: "ServiceUnavailable", class: TryAgain, outcome: job.GaveUp, note: "Cognito was not available"},
	{code: "ServiceUnavailableException", class: TryAgain, outcome: job.GaveUp, note: "Cognito was not available"},
	{code: "RequestTimeout", class: TryAgain, outcome: job.GaveUp, note: "Cognito did not answer in time"},
	{code: "RequestTimeoutException", class: TryAgain, outcome: job.GaveUp, note: "Cognito did not answer in time"},

	{code: "ResourceNotFoundException", class: Halt, halt: job.HaltPoolNotFound},
	{code: "InvalidEmailRoleAccessPolicyException", class: Halt, halt: job.HaltEmailRole},
	{code: "InvalidSmsRoleAccessPolicyException", class: Halt, halt: job.HaltSMSRole},
	{code: "InvalidSmsRoleTrustRelationshipException", class: Halt, halt: job.HaltSMSRole},
	{code: "OperationNotEnabledException", class: Halt, halt: job.HaltOperationNotEnabled},
	{code: "UnknownOperationException", class: Halt, halt: job.HaltUnsupported},
	{code: "UnsupportedOperationException", class: Halt, halt: job.HaltUnsupported},
	{code: "UnknownOperation", class: Halt, halt: job.HaltUnsupported},
	{code: "UnsupportedOperation", class: Halt, halt: job.HaltUnsupported},
	{code: "Unsupported", class: Halt, halt: job.HaltUnsupported},
	{code: "InvalidAction", class: Halt, halt: job.HaltUnsupported},
	{code: "NotImplemented", class: Halt, halt: job.HaltUnsupported},
	{code: "NotImplementedException", class: Halt, halt: job.HaltUnsupported},

	{code: "AccessDeniedException", class: Halt, halt: job.HaltAccessDenied},
	{code: "AccessDenied", class: Halt, halt: job.HaltAccessDenied},
	{code: "UnauthorizedOperation", class: Halt, halt: job.HaltAccessDenied},
	{code: "OptInRequired", class: Halt, halt: job.HaltAccessDenied},
	// "Signature expired: TIME is now earlier than TIME" and "Signature not yet
	// current: TIME is still later than TIME", with the signature's time first.
	{code: "InvalidSignatureException", text: "signature expired", class: Halt, halt: job.HaltClockSkew},
	{code: "InvalidSignatureException", text: "not yet current", class: Halt, halt: job.HaltClockSkew},
	{code: "SignatureDoesNotMatch", text: "signature expired", class: Halt, halt: job.HaltClockSkew},
	{code: "SignatureDoesNotMatch", text: "not yet current", class: Halt, halt: job.HaltClockSkew},
	{code: "RequestExpired", class: Halt, halt: job.HaltClockSkew},
	{code: "RequestTimeTooSkewed", class: Halt, halt: job.HaltClockSkew},
	{code: "RequestInTheFuture", class: Halt, halt: job.HaltClockSkew},
	{code: "ExpiredTokenException", class: Halt, halt: job.HaltCredentials},
	{code: "ExpiredToken", class: Halt, halt: job.HaltCredentials},
	{code: "UnrecognizedClientException", class: Halt, halt: job.HaltCredentials},
	{code: "InvalidClientTokenId", class: Halt, halt: job.HaltCredentials},
	{code: "InvalidSignatureException", class: Halt, halt: job.HaltCredentials},
	{code: "SignatureDoesNotMatch", class: Halt, halt: job.HaltCredentials},
	{code: "IncompleteSignature", class: Halt, halt: job.HaltCredentials},
	{code: "IncompleteSignatureException", class: Halt, halt: job.HaltCredentials},
	{code: "MissingAuthenticationToken", class: Halt, halt: job.HaltCredentials},
	{code: "MissingAuthenticationTokenException", class: Halt, halt: job.HaltCredentials},
	{code: "NotAuthorized", class: Halt, halt: job.HaltCredentials},
}

// unanswered is what a call without a usable answer is.
var unanswered = rule{class: TryAgain, outcome: job.GaveUp, note: "Cognito did not answer"}

// noCode is what the SDK calls an answer that names no error code: it came from a
// proxy or a gateway, not from Cognito.
const noCode = "UnknownError"

// classify finds the rule for the error of a call that was made. Of an answer
// whose code is not in the table, the status tells a passing fault from a refusal.
func classify(op string, err error) (code string, r rule) {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return "", unanswered
	}
	if code = api.ErrorCode(); code == noCode {
		code = ""
	}
	status := 0
	if res, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = res.HTTPStatusCode()
	}
	switch {
	case status == http.StatusNotImplemented:
		return code, rule{class: Halt, halt: job.HaltUnsupported}
	case code == "":
		return "", unanswered
	}
	text := strings.ToLower(api.ErrorMessage())
	for _, r := range rules {
		if r.matches(op, code, text, status) {
			return code, r
		}
	}
	if status >= http.StatusInternalServerError {
		return code, unanswered
	}
	return code, rule{class: Failed, outcome: job.UnknownError, note: "Cognito answered with an error that Relock does not know"}
}
