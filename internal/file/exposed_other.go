//go:build !unix

package file

// Exposed is unknown on systems without owners and modes.
func Exposed(string) string { return "" }
