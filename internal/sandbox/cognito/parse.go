package cognito

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseQuota reads CATEGORY=RATE[,burst=N][,window] or CATEGORY=unlimited, for
// example UserAccountRecovery=15,burst=3.
func ParseQuota(s string) (Category, Limit, error) {
	name, rest, ok := strings.Cut(s, "=")
	category := Category(name)
	if _, known := defaultRate[category]; !known {
		return "", Limit{}, errUnknownCategory(category)
	}
	bad := func(what string) (Category, Limit, error) {
		return "", Limit{}, fmt.Errorf("quota %q: %s; write CATEGORY=RATE[,burst=N][,window] or CATEGORY=unlimited", s, what)
	}
	if !ok || rest == "" {
		return bad("the rate is missing")
	}
	parts := strings.Split(rest, ",")
	var l Limit
	if parts[0] == "unlimited" {
		l.Unlimited = true
	} else {
		rate, err := strconv.ParseFloat(parts[0], 64)
		if err != nil || !(rate > 0) || rate > 1e9 {
			return bad("the rate is not above 0")
		}
		l.Rate = rate
	}
	for _, p := range parts[1:] {
		burst, isBurst := strings.CutPrefix(p, "burst=")
		switch {
		case l.Unlimited:
			return bad("unlimited takes no more")
		case p == "window":
			l.Window = true
		case isBurst:
			n, err := strconv.ParseFloat(burst, 64)
			if err != nil || n < 1 || n > 1e9 {
				return bad("the burst is not 1 or more")
			}
			l.Burst = n
		default:
			return bad(fmt.Sprintf("%q is neither burst=N nor window", p))
		}
	}
	return category, l, nil
}

// ParsePool reads ID[,OPTION…] with the options alias=A+B, usernames=A+B,
// recovery=A+B, email=DEVELOPER, sms, sms=FAILURE, estimate=N, case-insensitive,
// replica, custom-message, custom-sender and, as the last one because a pattern may
// hold commas, on-demand=PATTERN.
func ParsePool(s string) (PoolConfig, error) {
	head, pattern, lazy := strings.Cut(s, ",on-demand=")
	parts := strings.Split(head, ",")
	cfg := PoolConfig{ID: parts[0]}
	if lazy {
		cfg.OnDemand = pattern
	}
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		list := strings.FieldsFunc(value, func(r rune) bool { return r == '+' })
		switch name {
		case "alias":
			cfg.AliasAttributes = list
		case "usernames":
			cfg.UsernameAttributes = list
		case "recovery":
			cfg.Recovery = list
		case "email":
			cfg.EmailSendingAccount = value
		case "sms":
			cfg.SMS, cfg.SMSFailure = true, value
		case "estimate":
			n, err := strconv.ParseInt(value, 10, 32)
			if err != nil || n < 1 {
				return cfg, fmt.Errorf("pool %q: estimate=%s: want a number of users", s, value)
			}
			cfg.Estimate = int32(n)
		case "case-insensitive":
			cfg.CaseInsensitive = true
		case "replica":
			cfg.Replica = true
		case "custom-message":
			cfg.CustomMessage = function(cfg.ID, name)
		case "custom-sender":
			cfg.CustomSender = function(cfg.ID, name)
		default:
			return cfg, fmt.Errorf("pool %q: there is no option %q; the options are alias=, usernames=, recovery=, email=, sms, estimate=, case-insensitive, replica, custom-message, custom-sender, on-demand=", s, name)
		}
	}
	// What the pool itself checks, without making one.
	_, err := newPool(nil, cfg, time.Time{})
	return cfg, err
}

// function is the ARN of a Lambda function in the Region of a pool.
func function(pool, name string) string {
	region, _, _ := strings.Cut(pool, "_")
	return "arn:aws:lambda:" + region + ":" + defaultAccount + ":function:" + name
}
