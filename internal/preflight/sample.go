package preflight

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"relock/internal/job"
	"relock/internal/reset"
	"relock/internal/wilson"
)

// Fate is what a reset would come to for a user who was looked up.
type Fate string

// The fates, a closed set.
const (
	Resettable          Fate = "resettable"
	Unknown             Fate = "unknown"
	Disabled            Fate = "disabled"
	NeverConfirmed      Fate = "never_confirmed"
	ForceChangePassword Fate = "force_change_password"
	Federated           Fate = "federated"
	NoContact           Fate = "no_contact"
	OtherStatus         Fate = "other_status"
)

// Fates lists all fates, in the order in which a plan shows them.
func Fates() []Fate {
	return []Fate{Resettable, Unknown, Disabled, NeverConfirmed, ForceChangePassword, Federated, NoContact, OtherStatus}
}

// Sample is what became of the look-ups.
type Sample struct {
	// Drawn is how many targets were to be looked up, and Asked how many were.
	Drawn, Asked int
	// Whole says that they are the whole list.
	Whole  bool
	Counts map[Fate]int
	// BySMS is how many of the resettable ones get their code by SMS.
	BySMS int
	// SubCase is how many were named by a sub that is not in lower case.
	SubCase int
	// Names are, for each target drawn, all names by which a reset finds its user;
	// nil for a target that is unknown or was not looked up.
	Names [][]job.Username
	// Again is how many are another name of an earlier target's user. Look leaves it
	// at zero.
	Again int
	// Err is why not all were looked up; nil otherwise. Its text holds no names.
	Err error
}

// Finder is what Look needs of *reset.Directory.
type Finder interface {
	Find(ctx context.Context, by reset.Attribute, value job.Username) ([]reset.User, error)
}

var _ Finder = (*reset.Directory)(nil)

// lookers is how many look-ups are under way at once; the pace is the directory's.
const lookers = 8

// Look looks the targets up by listings, which bill nobody as active, unlike
// AdminGetUser. Listings are eventually consistent: who changed a moment ago may be
// taken for what he was. It ends with ctx or the first error; what was looked up
// until then counts.
//
// all is how many targets the list has.
func Look(ctx context.Context, f Finder, pool *types.UserPoolType, targets []job.Target, all int64) *Sample {
	s := &Sample{Drawn: len(targets), Counts: map[Fate]int{}, Names: make([][]job.Username, len(targets))}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var mu sync.Mutex // guards s
	var wg sync.WaitGroup
	for range min(lookers, len(targets)) {
		wg.Go(func() {
			for i := range next {
				u, ok, err := LookUp(ctx, f, pool, targets[i].Username)
				mu.Lock()
				if err == nil {
					s.add(pool, i, targets[i].Username, u, ok)
				} else if s.Err == nil {
					s.Err = err
					cancel(err)
				}
				mu.Unlock()
			}
		})
	}
feed:
	for i := range targets {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	if s.Err == nil && s.Asked < s.Drawn {
		s.Err = context.Cause(ctx)
	}
	s.Whole = all > 0 && int64(s.Asked) == all
	return s
}

// add counts what became of a look-up: the user, or that there is none.
func (s *Sample) add(pool *types.UserPoolType, i int, name job.Username, u reset.User, ok bool) {
	s.Asked++
	if !ok {
		s.Counts[Unknown]++
		return
	}
	fate, c := fateOf(pool, u)
	s.Counts[fate]++
	if c == sms {
		s.BySMS++
	}
	if name != u.Sub && name.Fold() == u.Sub && name.Key(FoldsCase(pool)) != u.Username.Key(FoldsCase(pool)) {
		s.SubCase++
	}
	s.Names[i] = namesOf(pool, u)
}

// LookUp finds the user that a reset of this name would reset, by listings alone,
// one to three of them; false if there is none.
func LookUp(ctx context.Context, f Finder, pool *types.UserPoolType, name job.Username) (reset.User, bool, error) {
	for _, by := range attributes(pool, name) {
		users, err := f.Find(ctx, by, name)
		if err != nil {
			return reset.User{}, false, err
		}
		for _, u := range users {
			if means(pool, by, u) {
				return u, true, nil
			}
		}
	}
	return reset.User{}, false, nil
}

// means reports whether a user who was found by an attribute is the one whom the
// value names: an e-mail address and a phone number are aliases once they are
// verified, and the sub is that of a local user. Source: Username of
// AdminResetUserPassword in the Amazon Cognito user pools API reference, and
// "User pool attributes" in the Developer Guide. In a pool that has them for
// usernames, they name the user from the start.
func means(pool *types.UserPoolType, by reset.Attribute, u reset.User) bool {
	switch by {
	case reset.ByEmail:
		return u.EmailVerified || nameIs(pool, types.UsernameAttributeTypeEmail)
	case reset.ByPhone:
		return u.PhoneVerified || nameIs(pool, types.UsernameAttributeTypePhoneNumber)
	case reset.BySub:
		return u.Status != string(types.UserStatusTypeExternalProvider)
	default:
		return true
	}
}

// fateOf is what a reset comes to, and on which way the code goes. The order of
// the questions is that of moto's AdminResetUserPassword; AWS documents none.
func fateOf(pool *types.UserPoolType, u reset.User) (Fate, channel) {
	switch {
	case !u.Enabled:
		return Disabled, ""
	case u.Status == string(types.UserStatusTypeExternalProvider):
		return Federated, ""
	case u.Status == string(types.UserStatusTypeForceChangePassword):
		return ForceChangePassword, ""
	case u.Status == string(types.UserStatusTypeUnconfirmed):
		return NeverConfirmed, ""
	case u.Status != string(types.UserStatusTypeConfirmed) && u.Status != reset.NeedsReset:
		return OtherStatus, ""
	}
	for _, c := range channelsOf(pool) {
		if c == email && u.Email != "" && u.EmailVerified || c == sms && u.Phone != "" && u.PhoneVerified {
			return Resettable, c
		}
	}
	return NoContact, ""
}

// Interval is the 95 % interval of a fate's share of the whole list. Of a sample
// that is the whole list, the share is known.
func (s *Sample) Interval(f Fate) (low, high float64) {
	return s.interval(s.Counts[f])
}

// AgainInterval is that of Again's share.
func (s *Sample) AgainInterval() (low, high float64) { return s.interval(s.Again) }

func (s *Sample) interval(n int) (low, high float64) {
	if s.Whole {
		return s.PartOf(n), s.PartOf(n)
	}
	return wilson.Interval(int64(n), int64(s.Asked))
}

// Share is a fate's part of what was looked up, 0 to 1.
func (s *Sample) Share(f Fate) float64 { return s.PartOf(s.Counts[f]) }

// PartOf is the part that n of those looked up are, 0 to 1.
func (s *Sample) PartOf(n int) float64 {
	if s.Asked == 0 {
		return 0
	}
	return float64(n) / float64(s.Asked)
}

// Unanswered is the question of the sample, if not all of it was answered.
func (s *Sample) Unanswered() []Unanswered {
	if s == nil || s.Err == nil {
		return nil
	}
	err := s.Err
	if call, ok := errors.AsType[*reset.CallError](err); ok && call.Reply.Err != nil {
		err = call.Reply.Err // its code alone is shown
	}
	return []Unanswered{{"cognito-idp:ListUsers", "how many of the list's users can be reset", s.Asked == 0, err}}
}
