package cli

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/urfave/cli/v3"

	"relock/internal/awsconf"
	"relock/internal/pace"
	"relock/internal/preflight"
)

// regionOf is the one Region of the pools, which --region may not contradict.
func regionOf(cmd *cli.Command, pools []string) (string, error) {
	region := cmd.String(flagRegion)
	for _, p := range pools {
		r, err := checkPool(p)
		if err != nil {
			return "", err
		}
		switch {
		case region == "":
			region = r
		case region != r:
			return "", usage("--%s %s is in the Region %s, not in %s; each run is for one Region: leave --%s out, or make it fit", flagPool, p, r, region, flagRegion)
		}
	}
	return region, nil
}

// awsConfig loads the SDK's configuration for the Region of the pools.
func awsConfig(ctx context.Context, cmd *cli.Command, pools []string) (aws.Config, error) {
	region, err := regionOf(cmd, pools)
	if err != nil {
		return aws.Config{}, err
	}
	cfg, err := awsconf.Load(ctx, awsconf.Options{Region: region, Version: ourVersion()})
	if err != nil {
		return aws.Config{}, err
	}
	if cfg.Credentials != nil {
		cfg.Credentials = credentials{cfg.Credentials}
	}
	return cfg, nil
}

// budget finds out how fast calls may be made for the pools, and why. targets is
// how many messages are still to be sent.
func budget(ctx context.Context, cmd *cli.Command, cfg *aws.Config, pools []string, targets int64, log *slog.Logger) (pace.Budget, error) {
	l := pace.Limits{
		Category: pace.UserAccountRecovery,
		Quota:    cmd.Float(flagQuota),
		Rate:     cmd.Float(flagRate), Force: rateForced(cmd),
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
		if l.Rate == 0 || !l.Force { // a rate that is forced is what was asked for
			l.SES = sesQuota(ctx, *cfg, pools, log)
		}
	}
	b, err := l.Budget()
	if err != nil {
		return pace.Budget{}, &exitError{ExitUsage, err}
	}
	return b, nil
}

// signOutBudget finds out how fast sessions may be ended, and why. A job that ends
// sessions goes at the slower of this and budget.
func signOutBudget(ctx context.Context, cmd *cli.Command, cfg *aws.Config, log *slog.Logger) (pace.Budget, error) {
	l := pace.Limits{
		Category: pace.UserUpdate,
		Rate:     cmd.Float(flagSignOutRate), RateFlag: "--" + flagSignOutRate, Force: rateForced(cmd),
	}
	if cfg != nil {
		q, err := preflight.Quota(ctx, servicequotas.NewFromConfig(*cfg), l.Category)
		if err != nil {
			log.Debug("the quota of sign-outs cannot be read from Service Quotas", "error", err)
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

// sesQuota is what SES allows, if one of the pools sends with it and it may be
// asked.
func sesQuota(ctx context.Context, cfg aws.Config, pools []string, log *slog.Logger) *pace.SESQuota {
	client := cip.NewFromConfig(cfg)
	for _, pool := range pools {
		region, ses, err := preflight.Sender(ctx, client, pool)
		if err != nil {
			log.Debug("whether the pool sends with SES is not known", "pool", pool, "error", err)
		}
		if !ses {
			continue
		}
		quota, err := preflight.SESQuota(ctx, sesv2.NewFromConfig(cfg), region)
		if err != nil {
			log.Debug("the quota of SES cannot be read", "error", err)
		}
		return quota
	}
	return nil
}

// lifetime is what is known of the end of the credentials.
func lifetime(ctx context.Context, cfg aws.Config) preflight.Credentials {
	if c, ok := cfg.Credentials.(credentials); ok {
		return c.lifetime(ctx)
	}
	return preflight.Credentials{}
}

// identity asks who the credentials belong to.
func identity(ctx context.Context, cfg aws.Config) (awsconf.Identity, error) {
	id, err := awsconf.WhoAmI(ctx, cfg)
	if err != nil {
		return id, fmt.Errorf("asking AWS who these credentials belong to: %w", err)
	}
	return id, nil
}
