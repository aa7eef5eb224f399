package cli

import (
	"time"

	"github.com/urfave/cli/v3"
)

func workerFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringSliceFlag{Name: flagPool, Usage: "`POOL` whose users may be reset; repeatable", Sources: env(flagPool), Required: true, Category: "Where"},

		&cli.BoolFlag{Name: "drain", Usage: "end when every target has an outcome", Sources: env("drain"), Category: "Run"},
		&cli.StringSliceFlag{Name: "job", Usage: "with --drain: end when the job `ID` is done, or the only one whose ID begins so; repeatable; defaults to all open jobs of the pools", Sources: env("job"), Category: "Run"},
		&cli.BoolFlag{Name: "wait", Usage: "with --drain: stay through halts that may end by themselves (credentials, clock, network, daily e-mail limit, ledger) instead of ending with 4", Sources: env("wait"), Category: "Run"},
		&cli.BoolFlag{Name: "check", Usage: "reset a random name that cannot exist, and say whether pool, permission and network are healthy", Sources: env("check"), Category: "Run"},
		&cli.FloatFlag{Name: "same-failure-share", Validator: shareAbove0, Usage: "halt when this `SHARE` of the last 50 users failed in the same way; over 1 never halts", Value: 0.9, Sources: env("same-failure-share"), Category: "Run"},
		&cli.StringFlag{Name: flagMetricsListen, Usage: "`ADDRESS` for /metrics, /healthz and /readyz, or off", Value: defaultMetrics, Sources: env(flagMetricsListen), Category: "Run"},
		statusFlag(), signKeyFlag(),

		forceFlag("Pace", "`rate_over_quota` lets --rate exceed the quota"),
		&cli.IntFlag{Name: "max-in-flight", Usage: "`N` calls to Cognito under way at most; their number follows pace and latency", Value: 64, Sources: env("max-in-flight"), Category: "Pace"},

		&cli.DurationFlag{Name: "visibility", Usage: "`TIME` that a message stays invisible unless extended", Value: 2 * time.Minute, Sources: env("visibility"), Category: "Timing"},
		&cli.DurationFlag{Name: "call-timeout", Usage: "`TIME` that a call to Cognito may take", Value: 15 * time.Second, Sources: env("call-timeout"), Category: "Timing"},
		&cli.DurationFlag{Name: "claim-lease", Usage: "`TIME` that a claim lives; it has to outlast two calls", Value: time.Minute, Sources: env("claim-lease"), Category: "Timing"},
	}
	flags = append(flags, pushFlags()...)
	flags = append(flags, storeFlags()...)
	flags = append(flags, paceFlags()...)
	flags = append(flags, jsonFlag())
	return append(flags, logFlags()...)
}
