package cli

import "github.com/urfave/cli/v3"

func enqueueFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: flagPool, Usage: "`POOL` whose users are to be reset, as in eu-west-1_AbCdEf123", Sources: env(flagPool), Category: "Where"},

		&cli.StringFlag{Name: "column", Usage: "`NAME` of the column with the usernames, or of the member in JSON; with --no-header its number", Sources: env("column"), Category: "List"},
		&cli.BoolFlag{Name: "no-header", Usage: "the first row is a user already", Sources: env("no-header"), Category: "List"},
		&cli.BoolFlag{Name: "trim", Usage: "remove white space at both ends of usernames", Sources: env("trim"), Category: "List"},
		&cli.BoolFlag{Name: "literal", Usage: "take usernames as they are written, also those that look damaged, as NULL, 1.55556E+10 or ana:x", Sources: env("literal"), Category: "List"},
		&cli.BoolFlag{Name: "skip-invalid", Usage: "leave rows out that are not valid, and write them to --rejects", Sources: env("skip-invalid"), Category: "List"},
		&cli.StringFlag{Name: "rejects", Usage: "`FILE` for the rows left out, with line and reason, in place of an earlier one; defaults to rejects.csv", Sources: env("rejects"), Category: "List"},
		&cli.BoolFlag{Name: flagUnique, Usage: "look the user of each row up first, and drop rows that are another name of a user above them", Sources: env(flagUnique), Category: "List"},
		&cli.StringFlag{Name: "duplicates", Usage: "`FILE` for all duplicates, each with both line numbers, in place of an earlier one", Sources: env("duplicates"), Category: "List"},
		&cli.StringSliceFlag{Name: "metadata", Usage: "`KEY=VALUE` for the pool's Lambda triggers, for every user; Cognito does not encrypt it, so nothing sensitive", Sources: env("metadata"), Category: "List"},
		&cli.StringSliceFlag{Name: "metadata-column", Usage: "`NAME[=KEY]` of a column whose values are metadata", Sources: env("metadata-column"), Category: "List"},

		&cli.StringFlag{Name: "job", Usage: "`ID` of the job; defaults to one that follows from pool, list and metadata", Sources: env("job"), Category: "Job"},
		&cli.StringFlag{Name: "reason", Usage: "why, in your `WORDS`, for the record", Sources: env("reason"), Category: "Job"},

		&cli.BoolFlag{Name: flagSignOut, Usage: "end each user's sessions after the reset; AWS may bill users for it as active in this month", Sources: env(flagSignOut), Category: "Job"},
		&cli.Int64Flag{Name: flagCanary, Usage: "halt after the first `N` users if fewer were reset than the sample promises, by 10 percentage points; defaults to 100 for over 1000 users, 0 for never", Sources: env(flagCanary), Category: "Job"},

		&cli.IntFlag{Name: "sample", Usage: "look `N` users up, drawn at random, and project what becomes of all; 0 for none", Value: sampleDefault, Sources: env("sample"), Category: "Safety"},
		&cli.BoolFlag{Name: "dry-run", Usage: "stop after the plan", Sources: env("dry-run"), Category: "Safety"},
		&cli.BoolFlag{Name: "offline", Usage: "ask AWS nothing, so that nothing is checked: for a dry run, or with queue and ledger in files; kept with the job", Sources: env("offline"), Category: "Safety"},
		&cli.BoolFlag{Name: "yes", Usage: "do not ask; needs --max-users", Sources: env("yes"), Category: "Safety"},
		&cli.Int64Flag{Name: "max-users", Validator: oneOrMore, Usage: "refuse a list of more than `N` users", Sources: env("max-users"), Category: "Safety"},
		forceFlag("Safety", "go on in spite of these findings: `CODE[,CODE]`, as the plan names them; repeatable, and kept with the job"),
	}
	flags = append(flags, listFlags()...)
	flags = append(flags, storeFlags()...)
	flags = append(flags, createTableFlag())
	flags = append(flags, paceFlags()...)
	flags = append(flags, jsonFlag())
	return append(flags, logFlags()...)
}
