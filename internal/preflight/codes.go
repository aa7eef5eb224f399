package preflight

import (
	"slices"
	"strings"

	"relock/internal/job"
)

// Code names a kind of finding, for --force and for machines. The set is closed:
// Kinds lists it.
type Code string

// The findings.
const (
	AWSNotAsked       Code = "aws_not_asked"
	PoolNotFound      Code = "pool_not_found"
	PoolReplica       Code = "pool_replica"
	RecoveryAdminOnly Code = "recovery_admin_only"
	CognitoMailLimit  Code = "cognito_mail_limit"
	SESSandbox        Code = "ses_sandbox"
	SESPaused         Code = "ses_paused"
	SESAllowance      Code = "ses_allowance"
	SMSNotConfigured  Code = "sms_not_configured"
	SMSFailing        Code = "sms_failing"
	MostlyDuplicates  Code = "mostly_duplicates"
	LongerThanPool    Code = "list_longer_than_pool"
	NamesDifferByCase Code = "names_differ_by_case"
	UserNamedTwice    Code = "user_named_twice"
	MostlyUnknown     Code = "mostly_unknown"
	MostlyNotReset    Code = "mostly_not_resettable"
	RateOverQuota     Code = "rate_over_quota"
	QueueRetention    Code = "queue_retention"
	NoDeadLetters     Code = "no_dead_letter_queue"
	DeadLettersShort  Code = "dead_letter_retention"
	FewReceives       Code = "few_receives"
	QueueNotEncrypted Code = "queue_not_encrypted"
	MissingPermission Code = "missing_permission"

	NotAsked          Code = "not_asked"
	CredentialsExpire Code = "credentials_expire"
	ClockSkew         Code = "clock_skew"
	CustomSender      Code = "custom_sender"
	SubInCapitals     Code = "sub_in_capitals"
)

// Kind is what a code means.
type Kind struct {
	Code Code
	// Stops says that a finding of this kind can refuse the run unless --force names
	// it; the others inform.
	Stops bool
	// Means is half a sentence for documents and help.
	Means string
}

var kinds = []Kind{
	{AWSNotAsked, true, "AWS could not be asked what a check needs: no or refused credentials, no answer, a wrong clock or Region"},
	{PoolNotFound, true, "the user pool does not exist in this account and Region"},
	{PoolReplica, true, "the user pool is a secondary replica here, which refuses resets"},
	{RecoveryAdminOnly, true, "only administrators may recover accounts (`admin_only`): nobody could choose a new password with the code"},
	{CognitoMailLimit, true, "the pool sends with Cognito's own sender, 50 messages a day for the whole account, and the list is longer"},
	{SESSandbox, true, "SES is in its sandbox: only verified addresses get mail"},
	{SESPaused, true, "SES has paused the account's sending"},
	{SESAllowance, true, "SES allows fewer messages in the next 24 hours than the list has users"},
	{SMSNotConfigured, true, "codes would go by SMS, and the pool has no role to send SMS with"},
	{SMSFailing, true, "codes would go by SMS, and Cognito says that the pool's SMS settings cannot send"},
	{MostlyDuplicates, true, "nine rows in ten or more repeat an earlier row: the column may be masked, or not that of the names"},
	{LongerThanPool, true, "the list has more users than the pool, by Cognito's estimate; up to 10 % more only inform"},
	{NamesDifferByCase, true, "names differ by case only, in a pool that ignores case or as subs: the same user twice"},
	{UserNamedTwice, true, "the list has one user under several names, who would be reset once for each; `--unique-users` drops the later ones"},
	{MostlyUnknown, true, "most of the users looked up are unknown to the pool"},
	{MostlyNotReset, true, "nine in ten or more of the users looked up cannot be reset: disabled, federated, without a verified contact and so on"},
	{RateOverQuota, true, "`--rate` is over the quota"},
	{QueueRetention, true, "the job would take longer than the queue keeps messages"},
	{NoDeadLetters, true, "the queue has no dead-letter queue"},
	{DeadLettersShort, true, "the dead-letter queue keeps messages for a shorter time than the queue"},
	{FewReceives, true, "the queue gives up on a message after fewer than 20 receives"},
	{QueueNotEncrypted, true, "the queue is not encrypted at rest, and messages hold usernames"},
	{MissingPermission, true, "the credentials lack a permission that a check needs"},
	{NotAsked, false, "a question to AWS had no answer, and there is something to fall back on"},
	{CredentialsExpire, false, "the credentials expire, or may expire, before the job's end"},
	{ClockSkew, false, "this machine's clock is wrong by more than a minute"},
	{CustomSender, false, "a Lambda function sends the codes, and what it can send is not known here"},
	{SubInCapitals, false, "names are subs with capitals, and Cognito writes subs in lower case"},
}

// Kinds lists every finding there is, in the order in which a plan shows them.
func Kinds() []Kind { return slices.Clone(kinds) }

func kindOf(c Code) Kind {
	return kinds[slices.IndexFunc(kinds, func(k Kind) bool { return k.Code == c })]
}

// found makes a finding.
func found(c Code, text string) job.Finding {
	return job.Finding{Code: string(c), Text: text, Stops: kindOf(c).Stops}
}

// Forceable lists the codes that --force takes: those that stop.
func Forceable() []string {
	var codes []string
	for _, k := range kinds {
		if k.Stops {
			codes = append(codes, string(k.Code))
		}
	}
	return codes
}

// Force marks the findings that stop and whose code is named as forced. It returns
// the codes that are left to stop the run, and those that were named in vain.
func Force(findings []job.Finding, named []string) (stopping, vain []string) {
	for i := range findings {
		f := &findings[i]
		f.Forced = f.Stops && slices.Contains(named, f.Code)
		if f.Stops && !f.Forced && !slices.Contains(stopping, f.Code) {
			stopping = append(stopping, f.Code)
		}
	}
	for _, n := range named {
		if !slices.ContainsFunc(findings, func(f job.Finding) bool { return f.Code == n && f.Stops }) {
			vain = append(vain, n)
		}
	}
	return stopping, vain
}

// ParseForce reads the values of --force: codes, or several with commas between
// them. It returns them without repetition, and the first that is none.
func ParseForce(values []string) (codes []string, unknown string) {
	for _, v := range values {
		for c := range strings.SplitSeq(v, ",") {
			c = strings.TrimSpace(c)
			switch {
			case c == "": // of an empty variable
			case !slices.Contains(Forceable(), c):
				return nil, c
			case !slices.Contains(codes, c):
				codes = append(codes, c)
			}
		}
	}
	return codes, ""
}
