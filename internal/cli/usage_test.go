package cli

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	commands := []string{"list", "status", "pause", "resume", "cancel", "results", "verify", "dead-letters"}
	for word, want := range map[string]string{
		"stauts": "status", "stat": "status", "statuss": "status", "lsit": "list", "lists": "list", "paus": "pause",
		"cancle": "cancel", "result": "results", "deadletters": "dead-letters", "dead": "dead-letters", "verfy": "verify",
		"x": "", "frobnicate": "", "": "", "zz": "",
	} {
		if got := nearest(word, commands); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestAsksJSON(t *testing.T) { //nolint:paralleltest // the environment
	for env, all := range map[string]map[string]bool{
		"":      {"": false, "--json": true, "-json": true, "--json=true": true, "--json=false": false, "-- --json": false, "--jso": false, "json": false},
		"true":  {"": true, "--json=false": false},
		"maybe": {"": false},
	} {
		t.Setenv("RELOCK_JSON", env)
		for args, want := range all {
			if got := asksJSON(append([]string{"job"}, strings.Fields(args)...)); got != want {
				t.Errorf("RELOCK_JSON=%s job %s: %v, want %v", env, args, got, want)
			}
		}
	}
}
