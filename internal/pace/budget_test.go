package pace

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestBudget(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   Limits
		want Budget
	}{
		{"nothing known", Limits{},
			Budget{24, 30, BoundQuota, "24 requests a second: 80 % of the quota of 30 for UserAccountRecovery, AWS's default"}},
		{"quota read", Limits{Quota: 60, QuotaSource: FromServiceQuotas},
			Budget{48, 60, BoundQuota, "48 requests a second: 80 % of the quota of 60 for UserAccountRecovery, read from Service Quotas"}},
		{"quota by flag, of sign-out", Limits{Category: UserUpdate, Quota: 20, QuotaSource: FromFlag},
			Budget{16, 20, BoundQuota, "16 requests a second: 80 % of the quota of 20 for UserUpdate, from --quota"}},
		{"sign-out's own default", Limits{Category: UserUpdate},
			Budget{20, 25, BoundQuota, "20 requests a second: 80 % of the quota of 25 for UserUpdate, AWS's default"}},
		{"sign-out's rate", Limits{Category: UserUpdate, Rate: 10, RateFlag: "--sign-out-rate"},
			Budget{10, 25, BoundRate, "10 requests a second: --sign-out-rate; the quota of 25 for UserUpdate, AWS's default"}},
		{"a rate", Limits{Rate: 30},
			Budget{30, 30, BoundRate, "30 requests a second: --rate; the quota of 30 for UserAccountRecovery, AWS's default"}},
		{"a rate over the quota by force", Limits{Rate: 40, Force: true},
			Budget{40, 40, BoundRate, "40 requests a second: --rate, over the quota of 30 for UserAccountRecovery, AWS's default"}},
		{"mail by the second", Limits{MailRate: 14},
			Budget{14, 30, BoundMailRate, "14 requests a second: the messages a second of --mail-rate; without that it would be 24"}},
		{"mail by the second is wide", Limits{MailRate: 24},
			Budget{24, 30, BoundQuota, "24 requests a second: 80 % of the quota of 30 for UserAccountRecovery, AWS's default"}},
		{"mail by the day", Limits{MailPerDay: 50000},
			Budget{50000.0 / 86400, 30, BoundMailPerDay, "0.579 requests a second: the 50,000 messages of --mail-per-day, spread over the day; without that it would be 24"}},
		{"mail by the day covers the list", Limits{MailPerDay: 50000, Targets: 50000},
			Budget{24, 30, BoundQuota, "24 requests a second: 80 % of the quota of 30 for UserAccountRecovery, AWS's default"}},
		{"mail by the day is one short", Limits{MailPerDay: 50000, Targets: 50001},
			Budget{50000.0 / 86400, 30, BoundMailPerDay, "0.579 requests a second: the 50,000 messages of --mail-per-day, spread over the day; without that it would be 24"}},
		{"SES by the second", Limits{Rate: 20, SES: &SESQuota{MaxSendRate: 14, Max24HourSend: -1}},
			Budget{11.2, 30, BoundSESRate, "11.2 requests a second: 80 % of the 14 messages a second that SES allows; without that it would be 20"}},
		{"SES by the day", Limits{SES: &SESQuota{MaxSendRate: 14, Max24HourSend: 50000, SentLast24Hours: 10000}, Targets: 30001},
			Budget{0.8 * 50000.0 / 86400, 30, BoundSESPerDay, "0.463 requests a second: 80 % of the 50,000 messages that SES allows in 24 hours, spread over the day; without that it would be 24"}},
		{"SES by the day covers the list", Limits{SES: &SESQuota{MaxSendRate: 100, Max24HourSend: 50000, SentLast24Hours: 10000}, Targets: 30000},
			Budget{24, 30, BoundQuota, "24 requests a second: 80 % of the quota of 30 for UserAccountRecovery, AWS's default"}},
		{"SES's sandbox", Limits{SES: &SESQuota{MaxSendRate: 1, Max24HourSend: 200}, Targets: 100},
			Budget{0.8, 30, BoundSESRate, "0.8 requests a second: 80 % of the 1 messages a second that SES allows; without that it would be 24"}},
		{"the narrowest wins", Limits{MailRate: 5, MailPerDay: 1e6, SES: &SESQuota{MaxSendRate: 14}},
			Budget{5, 30, BoundMailRate, "5 requests a second: the messages a second of --mail-rate; without that it would be 24"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.in.Budget()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got, cmpopts.EquateApprox(1e-12, 0)); d != "" {
				t.Error(d)
			}
			if _, err := New(Config{Quota: got.Quota, Budget: got.Rate}); err != nil {
				t.Errorf("New refuses the budget: %v", err)
			}
		})
	}
}

func TestBudgetRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   Limits
		want string
	}{
		{"a rate over the quota", Limits{Rate: 30.5}, "--rate: 30.5 requests a second is over the quota of 30"},
		{"sign-out's rate over the quota", Limits{Category: UserUpdate, Rate: 26, RateFlag: "--sign-out-rate"}, "--sign-out-rate: 26 requests a second is over the quota of 25 for UserUpdate"},
		{"a negative rate", Limits{Rate: -1}, "--rate: -1 is no rate"},
		{"no number", Limits{Quota: math.NaN()}, "--quota: NaN is no rate"},
		{"infinite mail", Limits{MailRate: math.Inf(1)}, "--mail-rate: +Inf is no rate"},
		{"negative mail", Limits{MailPerDay: -50}, "--mail-per-day: -50 is no rate"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := tc.in.Budget()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	for _, tc := range []struct {
		n    int64
		rate float64
		want time.Duration
	}{
		{1_000_000, 24, 11*time.Hour + 34*time.Minute + 26*time.Second + 666666666},
		{0, 24, 0},
		{-1, 24, 0},
		{1, 0, 0},
		{1, math.NaN(), 0},
		{math.MaxInt64, 1e-9, math.MaxInt64},
	} {
		if got := Estimate(tc.n, tc.rate); got != tc.want {
			t.Errorf("Estimate(%d, %v) = %v, want %v", tc.n, tc.rate, got, tc.want)
		}
	}
}
