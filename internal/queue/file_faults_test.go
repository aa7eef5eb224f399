package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"relock/internal/queue"
	"relock/internal/sqlite/sqlitetest"
)

// TestFileFaults shows what a queue says of a file that is not as it should be.
func TestFileFaults(t *testing.T) {
	sqlitetest.Kind{
		File: queue.FileName, ApplicationID: 0x524c6b51, Version: 1,
		Open: func(dir string, busy time.Duration) (sqlitetest.Handle, error) {
			return queue.OpenFile(dir, queue.FileOptions{BusyTimeout: busy})
		},
		Create: func(dir string, busy time.Duration) (sqlitetest.Handle, error) {
			return queue.CreateFile(dir, queue.FileOptions{BusyTimeout: busy})
		},
		Write: func(ctx context.Context, h sqlitetest.Handle) error {
			errs, err := h.(*queue.File).Send(ctx, [][]byte{[]byte(strings.Repeat("x", 1000))})
			return errors.Join(append(errs, err)...)
		},
	}.Run(t)
}
