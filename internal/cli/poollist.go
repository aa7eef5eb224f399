package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/urfave/cli/v3"

	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/reset"
)

// The flags that take the list from the pool itself.
const (
	flagAllUsers = "all-users"
	flagGroup    = "group"
	flagFilter   = "filter"
	flagStatus   = "status"
)

func listFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: flagAllUsers, Usage: "take every user of the pool, instead of a FILE", Sources: env(flagAllUsers), Category: "List"},
		&cli.StringSliceFlag{Name: flagGroup, Usage: "take the members of the pool's group `NAME`, instead of a FILE; repeatable", Sources: env(flagGroup), Category: "List"},
		&cli.StringFlag{Name: flagFilter, Usage: "take the users that `EXPR` selects, as Cognito's ListUsers has it: email ^= \"ana\"", Sources: env(flagFilter), Category: "List"},
		&cli.StringFlag{Name: flagStatus, Usage: "of the pool's users take only those with `STATUS[,…]`: enabled, disabled, CONFIRMED, FORCE_CHANGE_PASSWORD and so on", Sources: env(flagStatus), Category: "List"},
		&cli.StringSliceFlag{Name: flagExclude, Usage: "`FILE` of users who must not be touched, under whichever of their names; repeatable", Sources: env(flagExclude), Category: "Safety"},
		&cli.StringFlag{Name: flagRetry, Usage: "take the failed targets of `JOB` as a new job, instead of a FILE", Sources: env(flagRetry), Category: "List"},
		&cli.StringFlag{Name: flagOutcome, Usage: "of that job take only the targets with `OUTCOME[,…]`: gave_up, missing and so on", Sources: env(flagOutcome), Category: "List"},
	}
}

// poolList is a list that the pool itself gives.
type poolList struct {
	groups []string
	filter string
	by     reset.Attribute // of the filter
	status statuses
}

// statuses are the users who are wanted; the zero value is all.
type statuses struct {
	text              string
	enabled, disabled bool
	states            []string
}

// poolList reads the flags; nil if the list is not from the pool.
func (e *enqueue) poolList() (*poolList, error) {
	p := &poolList{groups: e.cmd.StringSlice(flagGroup), filter: e.cmd.String(flagFilter)}
	all := e.cmd.Bool(flagAllUsers)
	var named []string
	for _, f := range []struct {
		name string
		set  bool
	}{{flagAllUsers, all}, {flagGroup, len(p.groups) > 0}, {flagFilter, p.filter != ""}} {
		if f.set {
			named = append(named, "--"+f.name)
		}
	}
	var err error
	if p.status, err = parseStatuses(e.cmd.String(flagStatus)); err != nil {
		return nil, err
	}
	switch {
	case len(named) > 1:
		return nil, usage("%s: a list has one source; choose one of them", strings.Join(named, " and "))
	case len(named) == 0 && p.status.text != "":
		return nil, usage("--%s narrows a list that comes from the pool; add --%s, --%s or --%s", flagStatus, flagAllUsers, flagGroup, flagFilter)
	case len(named) == 0:
		return nil, nil
	}
	for i, g := range p.groups {
		if !groupName(g) {
			return nil, usage("--%s %q is not the name of a group: want 1 to 128 characters without spaces", flagGroup, g)
		}
		if slices.Contains(p.groups[:i], g) {
			return nil, usage("--%s %s is there twice", flagGroup, g)
		}
	}
	if p.filter != "" {
		if p.by, err = reset.CheckFilter(p.filter); err != nil {
			return nil, usage("--%s: %w", flagFilter, err)
		}
	}
	return p, nil
}

// groupName checks the name of a group. Source: GroupName in API_ListUsersInGroup.
func groupName(s string) bool {
	return s != "" && len([]rune(s)) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P)
	})
}

func parseStatuses(text string) (s statuses, err error) {
	if s.text = text; text == "" {
		return s, nil
	}
	var known []string
	for _, v := range types.UserStatusType("").Values() {
		known = append(known, string(v))
	}
	for name := range strings.SplitSeq(text, ",") {
		switch name = strings.TrimSpace(name); {
		case strings.EqualFold(name, "enabled"):
			s.enabled = true
		case strings.EqualFold(name, "disabled"):
			s.disabled = true
		case slices.Contains(known, strings.ToUpper(name)):
			s.states = append(s.states, strings.ToUpper(name))
		default:
			return s, usage("--%s: there is no %q; use enabled, disabled, %s", flagStatus, name, strings.Join(known, ", "))
		}
	}
	return s, nil
}

// has reports whether a user is wanted: enabled or not as asked for, and in one of
// the states asked for.
func (s statuses) has(u reset.User) bool {
	if s.enabled != s.disabled && u.Enabled != s.enabled {
		return false
	}
	return len(s.states) == 0 || slices.Contains(s.states, u.Status)
}

// How the name of a listing begins.
const (
	listingAll    = "pool:all"
	listingGroup  = "pool:group:"
	listingFilter = "pool:filter:"
)

// part is one listing.
type part struct {
	name, words string
	selection   reset.Selection
}

// parts are the listings that make the list. A filter may hold personal data, so
// its value is not in the name.
func (p *poolList) parts() []part {
	var parts []part
	switch {
	case len(p.groups) > 0:
		for _, g := range p.groups {
			parts = append(parts, part{listingGroup + g, "the members of the group " + g, reset.Selection{Group: g}})
		}
	case p.filter != "":
		parts = []part{{listingFilter + string(p.by), "the users that the filter on " + string(p.by) + " selects", reset.Selection{Filter: p.filter}}}
	default:
		parts = []part{{listingAll, "all users of the pool", reset.Selection{}}}
		if len(p.status.states) == 1 {
			// The pool can do this much itself, which saves pages.
			if f, err := reset.Exactly(reset.ByStatus, job.Username(p.status.states[0])); err == nil {
				parts[0].selection.Filter = f
			}
		}
	}
	if p.status.text != "" {
		for i := range parts {
			parts[i].name += "?status=" + p.status.text
			parts[i].words += " with the status " + strings.ReplaceAll(p.status.text, ",", ", ")
		}
	}
	return parts
}

// eventually is said of every listing.
const eventually = "Cognito lists users with a delay: who was added or changed a moment ago may be missing or shown as before"

// poolStreams lists the pool as intake wants it: a page at a time, so that it may
// have any number of users.
func (e *enqueue) poolStreams(set *settings, d *reset.Directory) []intake.Stream {
	var streams []intake.Stream
	note := newNotes(e.s.Err, "listing the pool: %d users so far")
	parts := set.from.parts()
	for i, p := range parts {
		streams = append(streams, intake.Stream{Name: p.name, Write: func(ctx context.Context, w *intake.StreamWriter) error {
			var listed, kept int64
			for page, err := range d.Pages(ctx, p.selection) {
				if err != nil {
					return fmt.Errorf("listing %s: %w", p.words, err)
				}
				note.add(len(page))
				for _, u := range page {
					listed++
					if !set.from.status.has(u) {
						continue
					}
					kept++
					if err := w.Add(u.Username, nil); err != nil {
						return err
					}
				}
			}
			words := p.words + ": " + users(kept)
			if kept < listed {
				words += number.Text(" of %d listed", listed)
			}
			if i == len(parts)-1 {
				words += "; " + eventually
			}
			set.gathered.say(i, words)
			if listed == 0 {
				return fmt.Errorf("there are no users: %s; nobody was listed", p.words)
			}
			return nil
		}})
	}
	return streams
}
