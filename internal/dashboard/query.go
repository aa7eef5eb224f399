package dashboard

import (
	"regexp"
	"strings"
)

// selector is one use of a metric in a query.
type selector struct {
	// metric is the name, matchers what stands in braces, window what stands in
	// brackets.
	metric, matchers, window string
	// function is what is applied to it directly, as rate in rate(x[5m]).
	function string
}

var metricName = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)

// words of PromQL that are neither metrics nor functions.
var reserved = map[string]bool{
	"by": true, "without": true, "on": true, "ignoring": true, "group_left": true, "group_right": true,
	"and": true, "or": true, "unless": true, "bool": true, "offset": true, "inf": true, "nan": true,
}

// lists of labels follow these words.
var listing = map[string]bool{"by": true, "without": true, "on": true, "ignoring": true, "group_left": true, "group_right": true}

// selectors finds the uses of metrics in a query. It understands as much of PromQL
// as the queries of this package need; promtool judges the rest.
func selectors(query string) []selector {
	var found []selector
	function := "" // the name before the parenthesis that was opened last
	for i := 0; i < len(query); {
		c := query[i]
		switch {
		case c == '"':
			i = skip(query, i)
		case metricName.MatchString(string(c)):
			name := metricName.FindString(query[i:])
			i += len(name)
			rest := strings.TrimLeft(query[i:], " \n")
			switch {
			case listing[name] && strings.HasPrefix(rest, "("):
				i += strings.IndexByte(query[i:], ')') + 1
			case strings.HasPrefix(rest, "("):
				function = name
				i += strings.IndexByte(query[i:], '(') + 1
				continue
			case strings.HasPrefix(rest, "by ") || strings.HasPrefix(rest, "without "): // an aggregation
			case !reserved[strings.ToLower(name)]:
				s := selector{metric: name, function: function}
				s.matchers, i = enclosed(query, i, '{', '}')
				s.window, i = enclosed(query, i, '[', ']')
				found = append(found, s)
			}
			function = ""
		case c == ' ' || c == '\n':
			i++
		default:
			if c >= '0' && c <= '9' { // a number, with its unit
				for i < len(query) && (query[i] >= '0' && query[i] <= '9' || query[i] >= 'a' && query[i] <= 'z' || query[i] == '.') {
					i++
				}
			} else {
				i++
			}
			function = ""
		}
	}
	return found
}

// enclosed returns what stands between two marks at i, if anything, and where the
// query goes on.
func enclosed(query string, i int, begin, end byte) (string, int) {
	if i >= len(query) || query[i] != begin {
		return "", i
	}
	for j := i + 1; j < len(query); {
		switch query[j] {
		case '"':
			j = skip(query, j)
		case end:
			return query[i+1 : j], j + 1
		default:
			j++
		}
	}
	return query[i+1:], len(query)
}

// skip returns where the query goes on after the string that begins at i.
func skip(query string, i int) int {
	for j := i + 1; j < len(query); j++ {
		switch query[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(query)
}
