package cli

import (
	"cmp"
	"errors"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/pace"
	"relock/internal/preflight"
)

// planBudget is how fast the users of a list can be reset, by the facts that were
// asked for. over is why --rate is over the quota; empty if it is not.
func planBudget(cmd *cli.Command, f *facts, targets int64, signOut bool) (b pace.Budget, over string, err error) {
	l := pace.Limits{
		Category: pace.UserAccountRecovery,
		Quota:    cmd.Float(flagQuota), Rate: cmd.Float(flagRate),
		MailRate: cmd.Float(flagMailRate), MailPerDay: cmd.Float(flagMailPerDay),
		Targets: targets,
	}
	if l.Quota != 0 {
		l.QuotaSource = pace.FromFlag
	}
	if f.Quota > 0 {
		l.Quota, l.QuotaSource = f.Quota, pace.FromServiceQuotas
	}
	if ses := f.SES; ses != nil && (l.Rate == 0 || !rateForced(cmd)) { // a rate that is forced is what was asked for
		l.SES = &ses.SESQuota
	}
	if b, over, err = budgetOver(l); err != nil || !signOut {
		return b, over, err
	}
	// Each user takes a call of either category. The quota of sign-outs is taken
	// for AWS's default; it is not adjustable.
	s, overToo, err := budgetOver(pace.Limits{
		Category: pace.UserUpdate, Rate: cmd.Float(flagSignOutRate), RateFlag: "--" + flagSignOutRate,
	})
	if s.Rate < b.Rate {
		b = s
		b.Reason += ", since sessions are ended, too"
	}
	return b, cmp.Or(over, overToo), err
}

// budgetOver is the budget even where a rate is over the quota: that is a finding,
// which stops where it is not forced.
func budgetOver(l pace.Limits) (b pace.Budget, over string, err error) {
	b, err = l.Budget()
	if e, ok := errors.AsType[*pace.OverQuotaError](err); ok {
		over, l.Force = e.What, true
		b, err = l.Budget()
	}
	if err != nil {
		err = &exitError{ExitUsage, err}
	}
	return b, over, err
}

// run is the plan as preflight needs it.
func (p *plan) run() preflight.Run {
	return preflight.Run{
		NotAsked: p.notAsked(), Skew: p.facts.who.Skew, Credentials: p.facts.credentials, Ends: p.job.Created.Add(p.took()),
		Targets: p.list.Counts.Targets, Took: p.took(), OverQuota: p.over,
		Duplicates: p.list.Counts.Duplicates,
		CaseTwins:  p.list.CaseTwins, TwinsAt: twinsAt(p.list.Twins, p.list.CaseTwins),
		SubTwins: p.list.SubTwins, SubTwinsAt: twinsAt(p.list.SubTwinsAt, p.list.SubTwins),
		Queue: p.facts.attributes, DeadLetters: p.facts.deadLetters,
		Unanswered: append(p.sample.Unanswered(), p.facts.unanswered...),
		Sample:     p.sample, Retry: p.job.Parent != "",
	}
}

// notAsked says why AWS could not be asked, and what to do; empty if it could.
func (p *plan) notAsked() string {
	err := p.facts.notAsked()
	if err == nil {
		return ""
	}
	text := strings.TrimRight(sentence(plain(err)), ".") + "."
	if r := remedy(err); r != "" {
		text += " " + sentence(strings.Join(strings.Fields(r), " ")) + "."
	}
	text += " Nothing is known of the pool, its mail, the queue and the users."
	if p.set.inFiles() {
		text += " A job in files can be sent without those checks: --offline."
	}
	return text
}
