package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/sandbox"
	"relock/internal/sandbox/account"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/demo"
)

// sandboxPools are the user pools that `sandbox serve` makes.
type sandboxPools struct {
	demo  bool
	pools []cognito.PoolConfig
	users []poolUsers
}

// poolUsers is a file of users and the pool that gets them.
type poolUsers struct{ pool, file string }

// poolFlags are the flags of `sandbox serve` that concern user pools.
func poolFlags(env func(string) cli.ValueSourceChain) []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "demo", Sources: env("demo"), Usage: "make the demo's pool " + demo.PoolID + ", whose users examples/users.csv names"},
		&cli.StringSliceFlag{Name: "pool", Sources: env("pool"), Usage: "make a user pool, `POOL` as above; repeatable"},
		&cli.StringSliceFlag{Name: "pool-users", Sources: env("pool-users"), Usage: "add the users of `[ID=]FILE`, CSV or JSON, to a pool, without an ID to the only one; repeatable"},
		&cli.StringSliceFlag{Name: "quota", Sources: env("quota"), Usage: "set a `QUOTA` of user pools, CATEGORY=RATE[,burst=N][,window] or CATEGORY=unlimited; repeatable"},
		&cli.StringSliceFlag{Name: "switch", Sources: env("switch"), Usage: "choose a `BEHAVIOUR` that AWS leaves open, NAME=VALUE; repeatable: " + switchNames()},
		&cli.BoolFlag{Name: "ses-sandbox", Sources: env("ses-sandbox"), Usage: "an SES account without production access: 200 messages a day, one a second"},
	}
}

func switchNames() string {
	var names []string
	for _, s := range cognito.DefaultSwitches().List() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// poolOptions reads poolFlags: pools to make, and how pools behave.
func poolOptions(c *cli.Command, cfg *sandbox.Config) (sandboxPools, error) {
	p := sandboxPools{demo: c.Bool("demo")}
	ids := map[string]bool{}
	if p.demo {
		ids[demo.PoolID] = true
	}
	for _, text := range c.StringSlice("pool") {
		pool, err := cognito.ParsePool(text)
		if err != nil {
			return p, fmt.Errorf("--pool: %w", err)
		}
		if ids[pool.ID] {
			return p, fmt.Errorf("--pool: %s is there twice", pool.ID)
		}
		ids[pool.ID] = true
		p.pools = append(p.pools, pool)
		if region, _, _ := strings.Cut(pool.ID, "_"); region != cfg.Region {
			cfg.Regions = append(cfg.Regions, region)
		}
	}
	for _, text := range c.StringSlice("pool-users") {
		u, err := parsePoolUsers(text, p.pools, ids)
		if err != nil {
			return p, fmt.Errorf("--pool-users: %w", err)
		}
		p.users = append(p.users, u)
	}
	cfg.Cognito.Quotas = map[cognito.Category]cognito.Limit{}
	for _, text := range c.StringSlice("quota") {
		category, limit, err := cognito.ParseQuota(text)
		if err != nil {
			return p, fmt.Errorf("--quota: %w", err)
		}
		cfg.Cognito.Quotas[category] = limit
	}
	switches := cognito.DefaultSwitches()
	for _, text := range c.StringSlice("switch") {
		name, value, _ := strings.Cut(text, "=")
		if err := switches.Set(name, value); err != nil {
			return p, fmt.Errorf("--switch: %w", err)
		}
	}
	cfg.Cognito.Switches = &switches
	if c.Bool("ses-sandbox") {
		cfg.Account.SES = new(account.SandboxSES())
	}
	return p, nil
}

// parsePoolUsers reads [ID=]FILE.
func parsePoolUsers(text string, pools []cognito.PoolConfig, ids map[string]bool) (poolUsers, error) {
	id, file, named := strings.Cut(text, "=")
	switch {
	case named && ids[id]:
		return poolUsers{id, file}, nil
	case len(pools) == 1:
		return poolUsers{pools[0].ID, text}, nil
	case named:
		return poolUsers{}, fmt.Errorf("there is no pool %s; make it with --pool %s", id, id)
	}
	return poolUsers{}, fmt.Errorf("%s: with %d pools, write ID=FILE", text, len(pools))
}

// create makes the pools and returns their IDs.
func (p sandboxPools) create(c *cognito.Cognito) ([]string, error) {
	var ids []string
	if p.demo {
		if _, err := demo.AddPool(c); err != nil {
			return nil, err
		}
		ids = append(ids, demo.PoolID)
	}
	for _, cfg := range p.pools {
		pool, err := c.AddPool(cfg)
		if err != nil {
			return nil, err
		}
		ids = append(ids, pool.ID())
	}
	for _, u := range p.users {
		pool, ok := c.Pool(u.pool)
		if !ok {
			return nil, fmt.Errorf("there is no pool %s", u.pool)
		}
		if _, err := pool.SeedFile(u.file); err != nil {
			return nil, fmt.Errorf("adding users to %s: %w", u.pool, err)
		}
	}
	return ids, nil
}
