package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/reset"
)

func TestStatuses(t *testing.T) {
	t.Parallel()
	users := map[string]reset.User{
		"on":   {Status: "CONFIRMED", Enabled: true},
		"off":  {Status: "CONFIRMED"},
		"new":  {Status: "FORCE_CHANGE_PASSWORD", Enabled: true},
		"fed":  {Status: "EXTERNAL_PROVIDER", Enabled: true},
		"foff": {Status: "EXTERNAL_PROVIDER"},
	}
	for text, want := range map[string]string{
		"":                               "on off new fed foff",
		"enabled":                        "on new fed",
		"disabled":                       "off foff",
		"enabled,disabled":               "on off new fed foff",
		"CONFIRMED":                      "on off",
		"confirmed, enabled":             "on",
		"DISABLED,EXTERNAL_PROVIDER":     "foff",
		"CONFIRMED,EXTERNAL_PROVIDER":    "on off fed foff",
		"ARCHIVED":                       "",
		"Enabled,Force_Change_Password":  "new",
		"UNCONFIRMED,CONFIRMED,disabled": "off",
	} {
		s, err := parseStatuses(text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, name := range []string{"on", "off", "new", "fed", "foff"} {
			if s.has(users[name]) {
				if got != "" {
					got += " "
				}
				got += name
			}
		}
		if got != want {
			t.Errorf("%q takes %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"on", "CONFIRMED,", ",", "CONFIRMED enabled"} {
		if _, err := parseStatuses(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}

func TestPartsOfAPoolList(t *testing.T) {
	t.Parallel()
	states := func(text string) statuses {
		s, err := parseStatuses(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, c := range map[string]struct {
		p    poolList
		want map[string]reset.Selection
	}{
		"all": {poolList{}, map[string]reset.Selection{"pool:all": {}}},
		"one state is asked of the pool": {
			poolList{status: states("CONFIRMED,enabled")},
			map[string]reset.Selection{"pool:all?status=CONFIRMED,enabled": {Filter: `cognito:user_status = "CONFIRMED"`}},
		},
		"two are not": {
			poolList{status: states("CONFIRMED,ARCHIVED")},
			map[string]reset.Selection{"pool:all?status=CONFIRMED,ARCHIVED": {}},
		},
		"a filter is taken as it is": {
			poolList{filter: `email = "a"`, by: reset.ByEmail, status: states("CONFIRMED")},
			map[string]reset.Selection{"pool:filter:email?status=CONFIRMED": {Filter: `email = "a"`}},
		},
		"groups": {
			poolList{groups: []string{"a", "b"}},
			map[string]reset.Selection{"pool:group:a": {Group: "a"}, "pool:group:b": {Group: "b"}},
		},
	} {
		got := map[string]reset.Selection{}
		for _, p := range c.p.parts() {
			got[p.name] = p.selection
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
