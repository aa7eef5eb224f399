package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/ledger"
)

func TestAServiceWaitsForItsLedger(t *testing.T) {
	t.Parallel()
	denied := errors.New("denied")
	for name, c := range map[string]struct{ after, want error }{
		"enqueue begins it":          {nil, nil},
		"something else goes wrong":  {denied, denied},
		"the table is taken away":    {ledger.ErrNoTable, ledger.ErrNoTable},
		"it is told to stop instead": {ledger.ErrNoLedger, errNotAwaited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer time.AfterFunc(time.Minute, cancel).Stop()
				start, looks := time.Now(), 0
				_, err := retryLedger(ctx, func() (Ledger, error) {
					if looks++; looks < 4 {
						return nil, fmt.Errorf("opening: %w", ledger.ErrNoLedger)
					}
					return nil, c.after
				})
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if took := time.Since(start); !errors.Is(c.want, errNotAwaited) && took != 4*ledgerEvery {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}
