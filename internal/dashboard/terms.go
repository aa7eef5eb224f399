package dashboard

import (
	"strings"

	"relock/internal/job"
	"relock/internal/reset"
)

// setUp is what tells one set-up from another. Whatever aggregates or joins keeps
// these labels, so that no set-up hides another; a label that a series lacks is no
// label. schedule is on what a scheduled run pushed.
const setUp = "job, cluster, namespace, account, region, schedule"

// whose names the set-up in a legend. Grafana leaves out a label that is not there.
const whose = "{{job}} {{cluster}} {{namespace}} {{account}} {{region}} {{schedule}}"

// Parts of queries that follow from closed sets elsewhere.
var (
	// throttles matches the codes with which Cognito asks to slow down.
	throttles = strings.Join(reset.CodesOf(reset.SlowDown), "|")
	// credentials matches the codes that refuse the credentials.
	credentials = strings.Join(reset.CredentialCodes(), "|")
	// failures matches the outcomes that somebody has to look at.
	failures = outcomes(job.Outcome.Failed)
	// untried matches the outcomes of targets that Relock was not to reset.
	untried = outcomes(func(o job.Outcome) bool { return !o.Succeeded() && !o.Failed() })
	// selfClearing matches the halts that end by themselves.
	selfClearing = haltsThatEnd()
)

func haltsThatEnd() string {
	var names []string
	for _, r := range job.HaltReasons() {
		if r.SelfClearing() {
			names = append(names, string(r))
		}
	}
	return strings.Join(names, "|")
}

// fill puts the labels of a set-up and the closed sets into a query.
func fill(query string) string {
	return strings.NewReplacer(
		"SETUP", setUp, "THROTTLES", throttles, "CREDENTIALS", credentials, "FAILURES", failures, "UNTRIED", untried, "SELFCLEARING", selfClearing,
	).Replace(query)
}

func outcomes(are func(job.Outcome) bool) string {
	var names []string
	for _, o := range job.Outcomes() {
		if are(o) {
			names = append(names, string(o))
		}
	}
	return strings.Join(names, "|")
}

// anchor is the fragment that a heading of the runbook has on GitHub and in most
// renderers of Markdown, for headings of one word.
func anchor(heading string) string { return strings.ToLower(heading) }
