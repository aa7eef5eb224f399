package job

import "strings"

// Remedy says, in one sentence, what an operator does about a halt.
func (r HaltReason) Remedy() string {
	switch r {
	case HaltCredentials:
		return "renew the AWS credentials; the worker tries again by itself"
	case HaltDailyEmailLimit:
		return "wait until 09:00 UTC, or let the user pool send with Amazon SES; the worker tries again by itself"
	case HaltAccessDenied:
		return "grant cognito-idp:AdminResetUserPassword and cognito-idp:AdminGetUser on the user pool to the worker's role, and cognito-idp:AdminUserGlobalSignOut for a job that ends sessions; then run `job resume`"
	case HaltPoolNotFound:
		return "check --user-pool-id, the account and the Region, then run `job resume`"
	case HaltEmailRole:
		return "verify the pool's SES identity, and let its sending policy grant ses:SendEmail and ses:SendRawEmail to Cognito; then run `job resume`"
	case HaltSMSRole:
		return "mend the pool's SMS role: it needs sns:Publish, and its trust policy sts:AssumeRole for cognito-idp.amazonaws.com with the pool's external ID; then run `job resume`"
	case HaltOperationNotEnabled:
		return "use the pool's primary Region, or a pool that offers the operation, then run `job resume`"
	case HaltUnsupported:
		return "check the endpoint (AWS_ENDPOINT_URL): it does not know the operation; then run `job resume`"
	case HaltLambda:
		return "mend the pool's Lambda trigger, and its resource policy, which has to grant lambda:InvokeFunction to cognito-idp.amazonaws.com; then run `job resume`"
	case HaltCanary:
		return "the first users of the job failed more often than was projected: look at `job failed`, then run `job resume`, which goes on with all others, or `job cancel`"
	case HaltSameFailure:
		return "look at `job failed` and `job still-open`: a wrong pool, a wrong list or a broken trigger; then run `job resume` or `job cancel`"
	case HaltUnavailable:
		return "check the network, the proxy and the AWS Health Dashboard; the worker tries again by itself"
	case HaltLedger:
		return "make the ledger writable again: end the program that keeps its file locked, or give the file space and permissions; for a table, make it reachable, with dynamodb:GetItem, Query and UpdateItem on it; the worker tries again by itself"
	default:
		return "look at the log"
	}
}

// Mend is Remedy without what becomes of the halt, for whoever is not halted: a
// check, or a run that has ended.
func (r HaltReason) Mend() string {
	text := r.Remedy()
	for _, tail := range []string{"; the worker tries again by itself", ", then run `job resume`", "; then run `job resume`"} {
		text = strings.TrimSuffix(text, tail)
	}
	return text
}
