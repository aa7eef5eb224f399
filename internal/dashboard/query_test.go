package dashboard

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSelectors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query string
		want  []selector
	}{
		"plain":      {`up`, []selector{{metric: "up"}}},
		"matchers":   {`x{a="}", b=~"c|d"}`, []selector{{metric: "x", matchers: `a="}", b=~"c|d"`}}},
		"a rate":     {`sum by (le, rate) (rate(x_total{a="b"}[5m]))`, []selector{{metric: "x_total", matchers: `a="b"`, window: "5m", function: "rate"}}},
		"a string":   {`label_replace(x, "y", "z{", "", "")`, []selector{{metric: "x", function: "label_replace"}}},
		"numbers":    {`x * 86400 > 1e9 and y offset 5m`, []selector{{metric: "x"}, {metric: "y"}}},
		"two":        {`max(a) / on (job) group_left () b`, []selector{{metric: "a", function: "max"}, {metric: "b"}}},
		"recorded":   {`job:x:rate5m{job="j"} unless on (job) y == 1`, []selector{{metric: "job:x:rate5m", matchers: `job="j"`}, {metric: "y"}}},
		"parens":     {`rate((x[5m]))`, []selector{{metric: "x", window: "5m"}}},
		"by":         {`sum by (job) (x) / max without (le) (y)`, []selector{{metric: "x"}, {metric: "y"}}},
		"two lines":  {"a\n  or b", []selector{{metric: "a"}, {metric: "b"}}},
		"unfinished": {`x{a="b`, []selector{{metric: "x", matchers: `a="b`}}},
		"nothing":    {`1 + 1`, nil},
	} {
		if d := cmp.Diff(c.want, selectors(c.query), cmp.AllowUnexported(selector{})); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func FuzzSelectors(f *testing.F) {
	for _, s := range []string{`rate(x{a="b"}[5m])`, `"`, `x{`, `by (`, `é`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, s := range selectors(query) { // it ends, and finds names
			if metricName.FindString(s.metric) != s.metric || s.metric == "" {
				t.Errorf("%q is no name", s.metric)
			}
		}
	})
}
