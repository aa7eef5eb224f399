package preflight

import (
	"fmt"
	"slices"

	"relock/internal/job"
)

func poolMissing(l look) []job.Finding {
	if !l.Missing {
		return nil
	}
	where := l.Region
	if l.Account != "" {
		where += " of the account " + l.Account
	}
	return one(PoolNotFound, fmt.Sprintf("The user pool %s does not exist in %s. Check --user-pool-id, and whose credentials these are.", l.ID, where))
}

func poolReplica(l look) []job.Finding {
	if l.Primary == "" {
		return nil
	}
	return one(PoolReplica, fmt.Sprintf("In %s the user pool is a secondary replica, which refuses resets (OperationNotEnabledException). Its primary is in %s: resets are made there.", l.Region, l.Primary))
}

// adminOnly: what Cognito answers to a reset in such a pool is not known.
func adminOnly(l look) []job.Finding {
	if l.Pool == nil || len(channelsOf(l.Pool)) > 0 {
		return nil
	}
	return one(RecoveryAdminOnly, "The pool lets only administrators recover accounts (admin_only): nobody could choose a new password with the code. Set its account recovery to e-mail or SMS first. What Cognito answers to a reset in such a pool is not known.")
}

func overQuota(l look) []job.Finding {
	if l.OverQuota == "" {
		return nil
	}
	return one(RateOverQuota, l.OverQuota+". What is over it is throttled, and so are the users who choose a new password.")
}

func customSender(l look) []job.Finding {
	if l.Pool == nil || l.Pool.LambdaConfig == nil {
		return nil
	}
	var found []job.Finding
	for _, c := range channelsOf(l.Pool) {
		if l.ownSender(c) {
			found = append(found, one(CustomSender, fmt.Sprintf("A Lambda function of the pool sends the codes by %s; how many it can send is not known.", c))...)
		}
	}
	return found
}

// ownSender reports whether a Lambda function sends a channel's codes in place of
// Cognito. Source: Amazon Cognito Developer Guide, "Custom sender Lambda triggers";
// that AdminResetUserPassword takes part in it is inferred.
func (l look) ownSender(c channel) bool {
	cfg := l.Pool.LambdaConfig
	return cfg != nil && (c == email && cfg.CustomEmailSender != nil || c == sms && cfg.CustomSMSSender != nil)
}

// uses reports whether Cognito itself may send codes on a channel.
func (l look) uses(c channel) bool {
	return l.Pool != nil && slices.Contains(channelsOf(l.Pool), c) && !l.ownSender(c)
}
