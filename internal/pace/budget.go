package pace

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"relock/internal/number"
)

// Share is the part of a quota that Relock takes unless told otherwise: the users
// being reset need the same quota to choose their new password.
const Share = 0.8

const secondsPerDay = 24 * 60 * 60

// QuotaSource is where the figure of a quota comes from.
type QuotaSource string

// The sources of a quota.
const (
	FromDefault       QuotaSource = "default"
	FromFlag          QuotaSource = "flag"
	FromServiceQuotas QuotaSource = "service_quotas"
)

// Bound is what decides a budget. It is a closed set, fit for a metric label.
type Bound string

// What can bound a budget.
const (
	BoundQuota      Bound = "quota"
	BoundRate       Bound = "rate"
	BoundMailRate   Bound = "mail_rate"
	BoundMailPerDay Bound = "mail_per_day"
	BoundSESRate    Bound = "ses_rate"
	BoundSESPerDay  Bound = "ses_per_day"
)

// Bounds lists everything that can bound a budget.
func Bounds() []Bound {
	return []Bound{BoundQuota, BoundRate, BoundMailRate, BoundMailPerDay, BoundSESRate, BoundSESPerDay}
}

// SESQuota is what GetAccount of SES says: messages a second, messages in any 24
// hours (-1 is unlimited), and those sent in the last 24.
type SESQuota struct {
	MaxSendRate, Max24HourSend, SentLast24Hours float64
}

// Limits is everything that can bound how fast calls are made. Zero fields do not
// bound.
type Limits struct {
	// Category names the operations; its Default stands in for a missing Quota.
	// Defaults to UserAccountRecovery.
	Category Category
	// Quota is in requests a second, and QuotaSource where it comes from.
	Quota       float64
	QuotaSource QuotaSource
	// Rate is --rate, in requests a second: it replaces the share of the quota.
	// Over the quota it is refused, unless Force says that the quota is wrong.
	Rate  float64
	Force bool
	// RateFlag is what the reason and errors call Rate. Defaults to --rate.
	RateFlag string
	// MailRate is --mail-rate, in messages a second, and MailPerDay is
	// --mail-per-day. They are taken as they are.
	MailRate, MailPerDay float64
	// SES is the sender's quota, if the pool sends with SES and reading it is
	// allowed. Relock takes Share of it: the users' own codes are sent with it
	// too.
	SES *SESQuota
	// Targets is how many messages are still to be sent; 0 if that is not known.
	// A daily allowance that covers them all does not slow them down; any other
	// is spread over the day.
	Targets int64
}

// Budget is how fast calls may be made, and why.
type Budget struct {
	// Rate and Quota are in requests a second.
	Rate, Quota float64
	Bound       Bound
	// Reason is one sentence for people, without a full stop.
	Reason string
}

// Budget is the narrowest of the limits.
func (l Limits) Budget() (Budget, error) {
	if err := l.validate(); err != nil {
		return Budget{}, err
	}
	b, err := l.ofQuota()
	if err != nil {
		return Budget{}, err
	}
	otherwise := b.Rate
	narrow := func(rate float64, bound Bound, reason string) {
		if rate >= b.Rate {
			return
		}
		b.Rate, b.Bound = rate, bound
		b.Reason = fmt.Sprintf("%s requests a second: %s; without that it would be %s", num(rate), reason, num(otherwise))
	}
	if l.MailRate > 0 {
		narrow(l.MailRate, BoundMailRate, "the messages a second of --mail-rate")
	}
	if l.MailPerDay > 0 && !l.covered(l.MailPerDay) {
		narrow(l.MailPerDay/secondsPerDay, BoundMailPerDay,
			fmt.Sprintf("the %s messages of --mail-per-day, spread over the day", num(l.MailPerDay)))
	}
	if s := l.SES; s != nil {
		if s.MaxSendRate > 0 {
			narrow(Share*s.MaxSendRate, BoundSESRate,
				fmt.Sprintf("80 %% of the %s messages a second that SES allows", num(s.MaxSendRate)))
		}
		if s.Max24HourSend > 0 && !l.covered(Share*s.Max24HourSend-s.SentLast24Hours) {
			narrow(Share*s.Max24HourSend/secondsPerDay, BoundSESPerDay,
				fmt.Sprintf("80 %% of the %s messages that SES allows in 24 hours, spread over the day", num(s.Max24HourSend)))
		}
	}
	return b, nil
}

// ofQuota is the budget before mail is looked at.
func (l Limits) ofQuota() (Budget, error) {
	flag := l.rateFlag()
	cat := l.Category
	if cat == (Category{}) {
		cat = UserAccountRecovery
	}
	quota, source := l.Quota, l.QuotaSource
	if quota == 0 {
		quota, source = cat.Default, FromDefault
	}
	of := fmt.Sprintf("the quota of %s for %s, %s", num(quota), cat.Name, source.says())
	if l.Rate == 0 {
		return Budget{Share * quota, quota, BoundQuota,
			fmt.Sprintf("%s requests a second: 80 %% of %s", num(Share*quota), of)}, nil
	}
	if l.Rate <= quota {
		return Budget{l.Rate, quota, BoundRate,
			fmt.Sprintf("%s requests a second: %s; %s", num(l.Rate), flag, of)}, nil
	}
	if !l.Force {
		return Budget{}, &OverQuotaError{fmt.Sprintf("%s: %s requests a second is over %s", flag, num(l.Rate), of)}
	}
	return Budget{l.Rate, l.Rate, BoundRate,
		fmt.Sprintf("%s requests a second: %s, over %s", num(l.Rate), flag, of)}, nil
}

// OverQuotaError says that a rate is over the quota.
type OverQuotaError struct {
	// What names the rate and the quota, in half a sentence.
	What string
}

func (e *OverQuotaError) Error() string {
	return e.What + "; choose a lower rate, or add --force rate_over_quota if you know that the quota is higher"
}

func (l Limits) rateFlag() string {
	if l.RateFlag == "" {
		return "--rate"
	}
	return l.RateFlag
}

// covered reports whether an allowance is known to be enough for every target.
func (l Limits) covered(allowance float64) bool {
	return l.Targets > 0 && float64(l.Targets) <= allowance
}

func (l Limits) validate() error {
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"--quota", l.Quota}, {l.rateFlag(), l.Rate}, {"--mail-rate", l.MailRate}, {"--mail-per-day", l.MailPerDay},
	} {
		if f.value != 0 && !positive(f.value) {
			return fmt.Errorf("%s: %v is no rate; it must be over 0", f.name, f.value)
		}
	}
	return nil
}

func (s QuotaSource) says() string {
	switch s {
	case FromFlag:
		return "from --quota"
	case FromServiceQuotas:
		return "read from Service Quotas"
	default:
		return "AWS's default"
	}
}

// Estimate is how long n calls take at a rate, in requests a second. Retries and
// throttles come on top.
func Estimate(n int64, rate float64) time.Duration {
	if n <= 0 || !(rate > 0) {
		return 0
	}
	s := float64(n) / rate
	if s >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

// num writes a rate with up to two decimals, three figures below one.
func num(f float64) string {
	if f < 1 {
		return strconv.FormatFloat(f, 'g', 3, 64)
	}
	whole, part := math.Modf(math.Round(f*100) / 100)
	text := number.Group(int64(whole))
	if part > 0 {
		text += strings.TrimPrefix(strconv.FormatFloat(math.Round(part*100)/100, 'f', -1, 64), "0")
	}
	return text
}
