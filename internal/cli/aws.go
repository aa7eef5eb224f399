package cli

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/urfave/cli/v3"

	"relock/internal/awsconf"
	"relock/internal/pace"
	"relock/internal/preflight"
)

// awsConfig loads the SDK's configuration for the Region of the pools.
func awsConfig(ctx context.Context, cmd *cli.Command, pools []string) (aws.Config, error) {
	region := cmd.String(flagRegion)
	for _, p := range pools {
		r, err := checkPool(p)
		if err != nil {
			return aws.Config{}, err
		}
		switch {
		case region == "":
			region = r
		case region != r:
			return aws.Config{}, usage("--%s %s is in the Region %s, not in %s; run a worker for each Region, and leave --%s out or make it fit", flagPool, p, r, region, flagRegion)
		}
	}
	cfg, err := awsconf.Load(ctx, awsconf.Options{Region: region, Version: ourVersion()})
	if err != nil {
		return aws.Config{}, err
	}
	return cfg, nil
}

// budget finds out how fast calls may be made, and why.
func budget(ctx context.Context, cmd *cli.Command, cfg *aws.Config, targets int64, log *slog.Logger) (pace.Budget, error) {
	l := pace.Limits{
		Category: pace.UserAccountRecovery,
		Quota:    cmd.Float(flagQuota),
		Rate:     cmd.Float(flagRate), Force: cmd.Bool(flagForce),
		MailRate: cmd.Float(flagMailRate), MailPerDay: cmd.Float(flagMailPerDay),
		Targets: targets,
	}
	if l.Quota != 0 {
		l.QuotaSource = pace.FromFlag
	}
	if cfg != nil {
		q, err := preflight.Quota(ctx, servicequotas.NewFromConfig(*cfg), l.Category)
		if err != nil {
			log.Debug("the quota cannot be read from Service Quotas", "error", err)
		}
		if q > 0 {
			l.Quota, l.QuotaSource = q, pace.FromServiceQuotas
		}
	}
	b, err := l.Budget()
	if err != nil {
		return pace.Budget{}, &exitError{ExitUsage, err}
	}
	return b, nil
}

// identity asks who the credentials belong to.
func identity(ctx context.Context, cfg aws.Config) (awsconf.Identity, error) {
	id, err := awsconf.WhoAmI(ctx, cfg)
	if err != nil {
		return id, fmt.Errorf("asking AWS who these credentials belong to: %w", err)
	}
	return id, nil
}
