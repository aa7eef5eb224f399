package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/preflight"
)

// shapingFlags are the flags of enqueue whose values are kept with the job, for
// the evidence. Values that can hold a username or metadata, as --filter, are not
// among them; what a filter is on is part of the list's name.
var shapingFlags = []string{
	flagQueue, flagQueueRegion, flagLedger, "job", "column", "no-header", "trim", "literal", "skip-invalid", flagUnique, "metadata-column",
	flagAllUsers, flagGroup, flagStatus, flagRetry, flagOutcome,
	flagSignOut, flagCanary, "sample", "offline", "yes", "max-users", flagForce,
	flagRate, flagQuota, flagMailRate, flagMailPerDay, flagSignOutRate,
}

// shaping are those that were given, on the command line or in the environment; of
// metadata its keys alone.
func shaping(cmd *cli.Command) map[string]string {
	given := map[string]string{}
	for _, name := range shapingFlags {
		if !cmd.IsSet(name) {
			continue
		}
		switch v := cmd.Value(name).(type) {
		case []string:
			given[name] = strings.Join(v, ",")
		default:
			given[name] = fmt.Sprint(v)
		}
	}
	var keys []string
	for _, pair := range cmd.StringSlice("metadata") {
		key, _, _ := strings.Cut(pair, "=")
		keys = append(keys, key)
	}
	if len(keys) > 0 {
		given["metadata"] = strings.Join(keys, ",")
	}
	if len(given) == 0 {
		return nil
	}
	return given
}

const (
	canaryDefault = 100
	// canaryOver is the length of a list from which on there is a canary by itself.
	canaryOver = 1000
)

// canary is after how many outcomes the worker compares with the projection. Without
// a projection there is one only if it is asked for.
func canary(cmd *cli.Command, targets int64, s *preflight.Sample) int64 {
	if cmd.IsSet(flagCanary) {
		return min(cmd.Int64(flagCanary), targets)
	}
	if targets > canaryOver && s != nil && s.Asked > 0 {
		return canaryDefault
	}
	return 0
}
