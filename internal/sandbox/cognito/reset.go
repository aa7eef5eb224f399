package cognito

import (
	"encoding/json"
	"slices"
	"time"
	"unique"

	"relock/internal/sandbox/wire"
)

// codeLife is how long a code works (Cognito developer guide, quotas: "1 hour").
const codeLife = time.Hour

type adminUserInput struct {
	UserPoolId     *string
	Username       *string
	ClientMetadata map[string]string
}

func (in *adminUserInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.need("username", in.Username, ruleUsername)
	k.metadata(in.ClientMetadata)
}

// adminResetUserPassword deactivates the user's password, sets RESET_REQUIRED
// and sends a code. The order of the checks is moto's, with the trigger and the
// sending behind them; AWS documents none.
func (c *Cognito) adminResetUserPassword(call *wire.Call, in *adminUserInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(p *Pool, u *user, s *Switches, now int64) error {
		if err := u.resettable(s); err != nil {
			return err
		}
		if u.status != ResetRequired || s.ResendOnResetRequired {
			if s.ResetCountsAsAttempt {
				if err := u.attempt(s, now); err != nil {
					return err
				}
			}
			if _, err := c.sendCode(p, u, call, s); err != nil {
				return err
			}
		}
		u.change(now, s.ListLag, func() {
			u.status = ResetRequired
			u.resets = append(u.resets, resetRecord{at: now, metadata: canonical(in.ClientMetadata)})
			if s.RevokeOnReset {
				u.signOutAll()
			}
		})
		return nil
	})
}

// canonical is metadata as one shared string.
func canonical(m map[string]string) unique.Handle[string] {
	if len(m) == 0 {
		return unique.Handle[string]{}
	}
	b, _ := json.Marshal(m) // strings cannot fail
	return unique.Make(string(b))
}

// resettable says why the locked user's password cannot be reset, if so.
func (u *user) resettable(s *Switches) error {
	if u.disabled {
		return notAuthorized(s.DisabledText)
	}
	switch u.status {
	case Confirmed, ResetRequired:
		return nil
	case Unconfirmed:
		if s.UnconfirmedNotAuthorized {
			return notAuthorized(textBadState)
		}
		return invalid("%s", textCannotReset)
	case ExternalProvider:
		switch s.FederatedError {
		case "invalid-parameter":
			return invalid("%s", textCannotReset)
		case "not-found":
			return userNotFound()
		}
	}
	return notAuthorized(textBadState)
}

// attempt counts one attempt of the locked user against the hourly limit.
func (u *user) attempt(s *Switches, now int64) error {
	if s.AttemptLimit == 0 {
		return nil
	}
	e := u.more()
	e.attempts = slices.DeleteFunc(e.attempts, func(at int64) bool { return at <= now-int64(time.Hour) })
	if len(e.attempts) >= s.AttemptLimit {
		return wire.Errorf("LimitExceededException", "%s", textAttempts)
	}
	e.attempts = append(e.attempts, now)
	return nil
}

// busy counts one write of the locked user against Switches.PerUserRate.
func (u *user) busy(s *Switches, now int64) error {
	if s.PerUserRate == 0 {
		return nil
	}
	e := u.more()
	e.recent = slices.DeleteFunc(e.recent, func(at int64) bool { return at <= now-int64(time.Second) })
	if len(e.recent) >= s.PerUserRate {
		return wire.Errorf("TooManyRequestsException", "%s", s.ThrottleText)
	}
	e.recent = append(e.recent, now)
	return nil
}

// signOutAll ends the locked user's sessions.
func (u *user) signOutAll() {
	u.sessions = 0
	if u.extra != nil {
		u.extra.tokens = nil
	}
}

// adminUserGlobalSignOut ends the user's sessions. AWS documents no state in
// which it would be refused.
func (c *Cognito) adminUserGlobalSignOut(call *wire.Call, in *adminUserInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(_ *Pool, u *user, s *Switches, now int64) error {
		u.signOutAll()
		u.signOuts = append(u.signOuts, now)
		return nil
	})
}

// onUser runs f on the locked user of a writable pool and replies with an empty
// object.
func (c *Cognito) onUser(call *wire.Call, pool, name *string, f func(*Pool, *user, *Switches, int64) error) (any, error) {
	p, err := c.pool(call, *pool)
	if err != nil {
		return nil, err
	}
	if err := p.writable(); err != nil {
		return nil, err
	}
	u, err := p.user(call, *name)
	if err != nil {
		return nil, err
	}
	s, now := c.sw(), call.At.UnixNano()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.deleted {
		return nil, userNotFound()
	}
	if err := u.busy(s, now); err != nil {
		return nil, err
	}
	if err := f(p, u, s, now); err != nil {
		return nil, err
	}
	return none{}, nil
}
