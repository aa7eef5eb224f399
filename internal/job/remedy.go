package job

// Fix says what an operator does about the cause of a halt.
func (h Halt) Fix() string {
	switch h.Reason {
	case HaltCredentials:
		return credentialsFix(h.Code)
	case HaltClockSkew:
		clock := h.Clock()
		if clock == "" {
			clock = "too far from AWS's"
		}
		return "set the machine's clock, with NTP: it is " + clock
	case HaltDailyEmailLimit:
		return "wait until 09:00 UTC, or let the user pool send with Amazon SES"
	case HaltAccessDenied:
		return "grant cognito-idp:AdminResetUserPassword and cognito-idp:AdminGetUser on the user pool to the worker's role, and cognito-idp:AdminUserGlobalSignOut for a job that ends sessions"
	case HaltPoolNotFound:
		return "check --user-pool-id, the account and the Region"
	case HaltEmailRole:
		return "verify the pool's SES identity, and let its sending policy grant ses:SendEmail and ses:SendRawEmail to Cognito"
	case HaltSMSRole:
		return "correct the pool's SMS role: it needs sns:Publish, and its trust policy sts:AssumeRole for cognito-idp.amazonaws.com with the pool's external ID"
	case HaltOperationNotEnabled:
		return "use the pool's primary Region, or a pool that offers the operation"
	case HaltUnsupported:
		return "check the endpoint (AWS_ENDPOINT_URL): it does not know the operation"
	case HaltLambda:
		return "correct the pool's Lambda trigger, and its resource policy, which has to grant lambda:InvokeFunction to cognito-idp.amazonaws.com"
	case HaltCanary:
		return "look at `job failed`: the first users of the job failed more often than was projected"
	case HaltSameFailure:
		return "look at `job failed` and `job still-open`: a wrong pool, a wrong list or a broken trigger"
	case HaltUnavailable:
		return "check the network, the proxy and the AWS Health Dashboard"
	case HaltLedger:
		return "make the ledger writable again: end the program that keeps its file locked, or give the file space and permissions; for a table, make it reachable, with dynamodb:GetItem, Query and UpdateItem on it"
	case HaltForeignMessages:
		return "give this worker the --user-pool-id, --queue and --ledger that enqueue was given, and each ledger a queue of its own"
	default:
		return "look at the log"
	}
}

// credentialsFix tells apart, by AWS's code, what is wrong with credentials. The
// codes are the same in all services.
func credentialsFix(code string) string {
	switch code {
	case "ExpiredToken", "ExpiredTokenException":
		return "the AWS credentials have expired: renew them (for example `aws sso login`)"
	case "UnrecognizedClientException", "InvalidClientTokenId":
		return "AWS does not know the access key: check AWS_PROFILE and AWS_ACCESS_KEY_ID; the key may be deleted or inactive, its session token missing, or the Region not enabled for the account"
	case "InvalidSignatureException", "SignatureDoesNotMatch":
		return "the secret access key does not fit the access key, or the endpoint is another Region's: check AWS_PROFILE, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL"
	case "IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException":
		return "the request arrived without its signature: check the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL)"
	case "":
		return "there are no usable AWS credentials: check AWS_PROFILE, and what the credentials come from (a role, `aws sso login`, a process)"
	default:
		return "renew the AWS credentials"
	}
}

// Remedy is Fix and what has to be done then. stays says that a worker is there that
// goes on by itself; otherwise it has ended, as a drain does.
func (h Halt) Remedy(stays bool) string {
	text := h.Fix()
	if h.Reason == HaltCredentials && stays {
		text += "; a worker that has them in its environment is started again with the new ones"
	}
	switch {
	case h.Reason.Local():
		return text + "; then start the worker again: its messages are back in the queue"
	case h.Reason.SelfClearing() && stays:
		return text + "; the worker tries again by itself"
	case h.Reason.SelfClearing():
		return text + "; then start the worker again with the same command"
	}
	text += "; then run `job resume`"
	if h.Reason == HaltCanary || h.Reason == HaltSameFailure {
		text += ", or `job cancel` if the list is wrong"
	}
	if !stays {
		text += ", and start the worker again with the same command"
	}
	return text
}
