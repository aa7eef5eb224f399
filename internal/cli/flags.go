package cli

import (
	"io"
	"log/slog"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/telemetry"
)

// Names of flags that several programs share.
const (
	flagPool         = "user-pool-id"
	flagQueue        = "queue"
	flagQueueRegion  = "queue-region"
	flagLedger       = "ledger"
	flagRegion       = "region"
	flagLogFormat    = "log-format"
	flagLogUsernames = "log-usernames"
	flagJSON         = "json"
	flagQuota        = "quota"
	flagRate         = "rate"
	flagForce        = "force"
	flagSignOut      = "sign-out"
	flagCanary       = "canary"
	flagMailRate     = "mail-rate"
	flagMailPerDay   = "mail-per-day"
	flagSignOutRate  = "sign-out-rate"

	flagMetricsListen = "metrics-listen"
)

// poolPattern is the form of a user pool's ID: a Region, an underscore, and
// letters and digits. Source: UserPoolId in the Amazon Cognito user pools API
// reference, which takes any word for the Region; ours ends up in a host's name.
var poolPattern = regexp.MustCompile(`^[a-z]+(?:-[a-z]+)+-[0-9]+_[0-9a-zA-Z]+$`)

const maxPoolID = 55

// checkPool checks a user pool's ID and returns its Region.
func checkPool(id string) (region string, err error) {
	if _, bare, ok := strings.Cut(id, ":userpool/"); ok {
		return "", usage("--%s %s is an ARN; give the ID alone: %s", flagPool, id, bare)
	}
	if len(id) > maxPoolID || !poolPattern.MatchString(id) {
		return "", usage("--%s %q is not the ID of a user pool: want REGION_ID, as in eu-west-1_AbCdEf123", flagPool, id)
	}
	region, _, _ = strings.Cut(id, "_")
	return region, nil
}

func storeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: flagQueue, Usage: "`URL` of an SQS queue, or file:DIR; defaults to file:relock", Sources: env(flagQueue), Category: "Where"},
		queueRegionFlag(), ledgerFlag(),
		&cli.StringFlag{Name: flagRegion, Usage: "AWS `REGION`; defaults to the user pool's", Sources: env(flagRegion), Category: "Where"},
	}
}

func queueRegionFlag() cli.Flag {
	return &cli.StringFlag{Name: flagQueueRegion, Usage: "AWS `REGION` of the SQS queue, where its URL does not say it; defaults to the URL's, else the user pool's", Sources: env(flagQueueRegion), Category: "Where"}
}

func ledgerFlag() cli.Flag {
	return &cli.StringFlag{Name: flagLedger, Usage: "`PLACE` where jobs and outcomes are recorded: file:DIR, or dynamodb://TABLE; defaults to the queue's folder, and has no default with SQS", Sources: env(flagLedger), Category: "Where"}
}

func logFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: flagLogFormat, Usage: "`FORMAT` of the log: text or json", Value: "text", Sources: env(flagLogFormat), Category: "Log"},
		&cli.BoolFlag{Name: flagLogUsernames, Usage: "show usernames in the log, and the texts of AWS's errors, which can hold them; they are personal data", Sources: env(flagLogUsernames), Category: "Log"},
		&cli.BoolFlag{Name: "verbose", Usage: "log each step", Sources: env("verbose"), Category: "Log"},
	}
}

func paceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.FloatFlag{Name: flagRate, Validator: above0(mostRate), Usage: "`N` resets a second at most; defaults to 80 % of the quota, the rest is the users' own", Sources: env(flagRate), Category: "Pace"},
		&cli.FloatFlag{Name: flagQuota, Validator: above0(mostRate), Usage: "`N` requests a second that Cognito grants (UserAccountRecovery), where Service Quotas cannot be read; defaults to 30", Sources: env(flagQuota), Category: "Pace"},
		&cli.FloatFlag{Name: flagSignOutRate, Validator: above0(mostRate), Usage: "`N` sign-outs a second at most, for jobs that end sessions; defaults to 80 % of the quota of UserUpdate. Resets go no faster", Sources: env(flagSignOutRate), Category: "Pace"},
		&cli.FloatFlag{Name: flagMailRate, Validator: above0(mostRate), Usage: "`N` messages a second that the pool's sender may send", Sources: env(flagMailRate), Category: "Pace"},
		&cli.FloatFlag{Name: flagMailPerDay, Validator: above0(mostPerDay), Usage: "`N` messages a day that the pool's sender may send", Sources: env(flagMailPerDay), Category: "Pace"},
	}
}

func logger(cmd *cli.Command, w io.Writer) (*slog.Logger, error) {
	level := slog.LevelInfo
	if cmd.Bool("verbose") {
		level = slog.LevelDebug
	}
	log, err := telemetry.NewLogger(w, cmd.String(flagLogFormat), level, cmd.Bool(flagLogUsernames))
	if err != nil {
		return nil, &exitError{ExitUsage, err}
	}
	return log, nil
}
