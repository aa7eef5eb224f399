package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"relock/internal/intake"
	"relock/internal/number"
)

// print writes the plan for people.
func (p *plan) print(w io.Writer) {
	c := p.list.Counts
	p.printLeftOut(w)
	say(w, "Plan\n")
	right := textWidth(w) - 14
	row := func(name, format string, args ...any) {
		for _, line := range wrap(number.Text(format, args...), right) {
			say(w, "  %-11s %s\n", name, line)
			name = ""
		}
	}
	row("job", "%s", p.job.ID)
	if p.job.Reason != "" {
		row("reason", "%s", p.job.Reason)
	}
	row("user pool", "%s", p.poolWords())
	switch {
	case p.set.offline:
		row("account", "not asked (--offline)")
		row("checks", "none: --offline asks AWS nothing. Nothing is known of the pool, its mail and the users before a worker runs")
	case p.facts.notAsked() != nil:
		row("account", "not known: AWS could not be asked")
	default:
		row("account", "%s as %s", p.facts.who.Account, p.facts.who.ARN)
	}
	for i, f := range p.list.Files {
		if i < len(p.set.gathered.words) {
			row([]string{"list", ""}[min(i, 1)], "%s", p.set.gathered.words[i])
			continue
		}
		name := f.Name
		if f.Path == intake.Stdin {
			name = "standard input"
		}
		row([]string{"list", ""}[min(i, 1)], "%s, %s, %s", name, f.Encoding, written(f))
	}
	rows := number.Text("%d = %s + %s", c.Rows, number.Of(c.Targets, "target", "targets"), number.Of(c.Duplicates, "duplicate", "duplicates"))
	if n := p.job.Plan.Excluded; n > 0 {
		row("excluded", "%s, whom the worker spares too", users(int64(n)))
		rows += number.Text(" + %d excluded", c.Excluded)
	}
	row("rows", "%s + %d not valid", rows, c.Invalid)
	row("names", "%s", kinds(p.list.Kinds))
	p.printSample(row)
	if p.uniqueNote != "" {
		row("unique", "%s", p.uniqueNote)
	}
	if p.known.there {
		row("state", "%s", p.known.words(p.job))
	}
	row("queue", "%s", p.set.queue)
	row("ledger", "%s", p.set.ledger)
	row("budget", "%s", p.budget.Reason)
	if p.job.Policy.SignOut {
		row("sign-out", "each user's sessions are ended after the reset")
	}
	if n := p.job.Plan.Canary; n > 0 {
		row("canary", "the worker halts after the first %s if fewer were reset than projected", users(n))
	}
	row("time", "about %s once a worker runs; if it starts now, until %s", number.Duration(max(p.took(), time.Second)), moment(p.job.Created.Add(p.took())))
	if words := p.cost.words(p.set); words != "" {
		row("cost", "%s", words)
	}
	p.printFindings(w)
}

// poolWords name the pool, with what Cognito says of it.
func (p *plan) poolWords() string {
	text := p.set.pool
	if p.job.Plan.PoolName != "" {
		text += fmt.Sprintf(" %q", p.job.Plan.PoolName)
	}
	text += " in " + p.set.region
	if pool := p.facts.Pool; pool != nil {
		text += ", about " + users(int64(pool.EstimatedNumberOfUsers))
	}
	return text
}

// moment writes a time in the local zone, and in UTC if that is another.
func moment(t time.Time) string {
	const layout = "2006-01-02 15:04"
	utc := t.UTC().Format(layout + " UTC")
	if _, offset := t.Zone(); offset == 0 {
		return utc
	}
	return t.Format(layout+" -0700") + " (" + utc + ")"
}

// printLeftOut comes before the plan, which is what has to be seen last.
func (p *plan) printLeftOut(w io.Writer) {
	c := p.list.Counts
	if c.Duplicates > 0 {
		say(w, "Duplicates, dropped:\n")
		for _, d := range p.list.Duplicates {
			differs := ""
			if d.Differs {
				differs = ", with other metadata"
			}
			if d.OtherName {
				differs = ", under another name" + differs
			}
			say(w, "  %s:%v repeats %s:%v%s\n", d.File, uint64(d.Line), d.FirstFile, uint64(d.FirstLine), differs)
		}
		more(w, c.Duplicates, len(p.list.Duplicates), "--duplicates FILE lists all")
		say(w, "\n")
	}
	if c.Excluded > 0 {
		say(w, "Excluded, left out:\n")
		for _, r := range p.list.Excluded {
			say(w, "  %s:%v\n", r.File, uint64(r.Line))
		}
		if n := c.Excluded - int64(len(p.list.Excluded)); n > 0 {
			say(w, "  … and %d more\n", n)
		}
		say(w, "\n")
	}
	if c.Invalid > 0 {
		say(w, "Not valid, left out:\n")
		for _, pr := range p.list.Problems {
			say(w, "  %s\n", pr)
		}
		where := "all are in " + p.set.rejects
		if p.set.dryRun {
			where = "a run that is not dry writes all to " + p.set.rejects
		}
		more(w, c.Invalid, len(p.list.Problems), where)
		say(w, "\n")
	}
}

func more(w io.Writer, all int64, shown int, where string) {
	if n := all - int64(shown); n > 0 {
		say(w, "  … and %d more; %s\n", n, where)
	}
}

// written says how a list is written and which column of it was taken.
func written(f intake.File) string {
	text := fmt.Sprintf("separated by %s, column %q", delimiter(f.Delimiter), f.Column)
	switch {
	case f.JSON && f.Column == "":
		text = "JSON, numbered by user"
	case f.JSON:
		text = fmt.Sprintf("JSON, numbered by user, member %q", f.Column)
	}
	if len(f.PassedOver) > 0 {
		text += ", not " + quoted(f.PassedOver)
	}
	return text
}

// quoted is `"a", "b" or "c"`.
func quoted(names []string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(n))
	}
	return b.String()
}

func delimiter(r rune) string {
	switch r {
	case ',':
		return "commas"
	case ';':
		return "semicolons"
	case '\t':
		return "tabs"
	default:
		return fmt.Sprintf("%q", r)
	}
}

func kinds(k intake.NameKinds) string {
	var parts []string
	for _, x := range []struct {
		n    int64
		what string
	}{
		{k.Email, "look like e-mail addresses"}, {k.Phone, "like phone numbers"},
		{k.Sub, "like subs"}, {k.Federated, "like federated users"}, {k.Other, "other names"},
	} {
		if x.n > 0 {
			parts = append(parts, number.Text("%d %s", x.n, x.what))
		}
	}
	return strings.Join(parts, ", ")
}
