//go:build !linux && !darwin

package sqlite

// networkFS cannot tell on this system.
func networkFS(string) (kind string, remote bool) { return "", false }
