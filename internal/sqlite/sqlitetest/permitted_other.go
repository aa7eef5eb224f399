//go:build !linux

package sqlitetest

import "testing"

func (k Kind) notPermitted(t *testing.T) { t.Skip("files are opened as another user on Linux only") }
