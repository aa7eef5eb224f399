package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"relock/internal/intake"
	"relock/internal/number"
	"relock/internal/pace"
	"relock/internal/preflight"
	"relock/internal/reset"
)

const (
	// sampleDefault is how many users are looked up unless --sample says
	// otherwise: a few seconds of the quota of UserList, and an interval of ±10
	// percentage points at worst.
	sampleDefault = 100
	sampleMost    = 5000
	// sampleAttempt bounds a look-up, and sampleSlack what all of them may take
	// beyond the pace.
	sampleAttempt = 5 * time.Second
	sampleSlack   = 30 * time.Second
)

// lookUsersUp looks the list's sample up. Nil if there is nothing to look up, or
// nobody to ask.
func (e *enqueue) lookUsersUp(ctx context.Context, f *facts, list *intake.List) (*preflight.Sample, error) {
	if f.Pool == nil || len(list.Sample) == 0 {
		return nil, nil
	}
	rate := pace.Share * pace.UserList.Default
	lists, err := pace.New(pace.Config{Budget: rate, Quota: pace.UserList.Default, MaxInFlight: 16})
	if err != nil {
		return nil, fmt.Errorf("setting the pace of look-ups: %w", err)
	}
	takes := pace.Estimate(int64(len(list.Sample)), rate)
	if takes > time.Second && canDraw(e.s.Err) {
		say(e.s.Err, "Looking up %d of %s, about %s …\n", len(list.Sample), users(list.Counts.Targets), number.Duration(takes))
	}
	ctx, cancel := context.WithTimeout(ctx, 3*takes+sampleSlack)
	defer cancel()
	directory := reset.NewDirectory(reset.DirectoryConfig{
		API: cip.NewFromConfig(*f.cfg), Pool: f.ID, FoldCase: preflight.FoldsCase(f.Pool),
		List: lists, Read: lists, // which it does not call
		Timeout: sampleAttempt, Tries: 3,
	})
	s := preflight.Look(ctx, directory, f.Pool, list.Sample, list.Counts.Targets)
	earlier, err := list.Earlier(ctx, list.Sample, s.Names, preflight.FoldsCase(f.Pool))
	for _, again := range earlier {
		if again {
			s.Again++
		}
	}
	return s, err
}

// twinsAt are the places of the first of n names that differ by case only.
func twinsAt(twins []intake.Twin, n int64) string {
	var at []string
	for _, t := range twins[:min(len(twins), 3)] {
		at = append(at, fmt.Sprintf("%s:%d and %s:%d", filepath.Base(t.File), t.Line, filepath.Base(t.FirstFile), t.FirstLine))
	}
	if n > int64(len(at)) {
		at = append(at, "…")
	}
	return strings.Join(at, "; ")
}
