package dashboard

import (
	"strings"

	"relock/internal/job"
	"relock/internal/reset"
)

// Parts of queries that follow from closed sets elsewhere.
var (
	// throttles matches the codes with which Cognito asks to slow down.
	throttles = strings.Join(reset.CodesOf(reset.SlowDown), "|")
	// credentials matches the codes that refuse the credentials.
	credentials = strings.Join(reset.CredentialCodes(), "|")
	// failures matches the outcomes that somebody has to look at.
	failures = outcomes(job.Outcome.Failed)
)

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
