package dashboard

import "strings"

// Substitute fills a query's variables in as Grafana does where everything is
// chosen. interval is for $__rate_interval, and span for the time that is shown.
func Substitute(query, interval, span string) string {
	return strings.NewReplacer(
		"$__rate_interval", interval, "$__range", span, "$job", ".+", "$instance", ".*",
	).Replace(query)
}
