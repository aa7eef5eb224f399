package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/preflight"
)

// forceFlag names what to go on in spite of.
func forceFlag(category, means string) cli.Flag {
	return &cli.StringSliceFlag{Name: flagForce, Usage: means, Sources: env(flagForce), Category: category}
}

// forced are the findings that --force names: of those that the program knows.
func forced(cmd *cli.Command, known []string) ([]string, error) {
	codes, unknown := preflight.ParseForce(cmd.StringSlice(flagForce))
	if i := slices.IndexFunc(codes, func(c string) bool { return !slices.Contains(known, c) }); i >= 0 && unknown == "" {
		unknown = codes[i]
	}
	if unknown != "" {
		return nil, usage("--%s %s: there is no such finding; those that can be forced are %s", flagForce, unknown, strings.Join(known, ", "))
	}
	return codes, nil
}

// rateForced reports whether --rate may be over the quota.
func rateForced(cmd *cli.Command) bool {
	codes, _ := preflight.ParseForce(cmd.StringSlice(flagForce))
	return slices.Contains(codes, string(preflight.RateOverQuota))
}
