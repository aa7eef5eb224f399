package preflight

import (
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"

	"relock/internal/job"
	"relock/internal/number"
)

// cognitoMailPerDay is what Cognito sends by itself in a day, for all pools of an
// account, from 09:00 UTC on. Source: Amazon Cognito Developer Guide, "Quotas in
// Amazon Cognito".
const cognitoMailPerDay = 50

// cognitoMail: what happens over the limit, an error or silence, is reported both
// ways. How many were sent today cannot be asked.
func cognitoMail(l look) []job.Finding {
	if _, ses := sender(l.Pool); ses || !l.uses(email) || l.Targets <= cognitoMailPerDay {
		return nil
	}
	return one(CognitoMailLimit, number.Text("The pool sends e-mail with Cognito's own sender (COGNITO_DEFAULT): %d messages a day for the whole account, from 09:00 UTC on, and the list has %d users. How many were sent today already cannot be known. Let the pool send with SES first.",
		cognitoMailPerDay, l.Targets))
}

func sesSandbox(l look) []job.Finding {
	if l.SES == nil || l.SES.Production || !l.uses(email) {
		return nil
	}
	return one(SESSandbox, fmt.Sprintf("SES is in its sandbox in %s: only verified addresses get mail, and %s messages a day. Ask AWS for production access.", l.SES.Region, num(l.SES.Max24HourSend)))
}

func sesPaused(l look) []job.Finding {
	if l.SES == nil || !l.SES.Paused || !l.uses(email) {
		return nil
	}
	return one(SESPaused, fmt.Sprintf("SES sends nothing in %s: sending is paused for the account. No code would arrive.", l.SES.Region))
}

func sesAllowance(l look) []job.Finding {
	if l.SES == nil || !l.uses(email) {
		return nil
	}
	left, bound := l.SES.left()
	if !bound || l.Targets <= left {
		return nil
	}
	return one(SESAllowance, number.Text("SES in %s allows %s messages in 24 hours and has sent %s: %d are left for %d users. Ask for a larger quota, or send the list in parts; the budget above spreads them over days.",
		l.SES.Region, num(l.SES.Max24HourSend), num(l.SES.SentLast24Hours), left, l.Targets))
}

// smsNeeded says why codes would go by SMS; empty if none is known to.
func smsNeeded(l look) string {
	if !l.uses(sms) {
		return ""
	}
	if len(channelsOf(l.Pool)) == 1 {
		return "The pool sends its codes by SMS alone"
	}
	if l.Sample != nil && l.Sample.BySMS > 0 {
		return number.Text("%d of %d users looked up would get their code by SMS", l.Sample.BySMS, l.Sample.Asked)
	}
	return ""
}

func smsMissing(l look) []job.Finding {
	why := smsNeeded(l)
	if why == "" || l.Pool.SmsConfiguration != nil {
		return nil
	}
	return one(SMSNotConfigured, why+", and the pool has no role to send SMS with (SmsConfiguration). Configure SMS, or set account recovery to e-mail.")
}

// smsFailing: the account's SMS spending limit cannot be asked with what Relock
// has; over it, messages may be dropped in silence.
func smsFailing(l look) []job.Finding {
	why := smsNeeded(l)
	if why == "" || aws.ToString(l.Pool.SmsConfigurationFailure) == "" {
		return nil
	}
	return one(SMSFailing, why+", and Cognito says that it cannot: "+*l.Pool.SmsConfigurationFailure+".")
}

// num writes a count that AWS gives as a float.
func num(f float64) string { return number.Group(int64(math.Round(f))) }
