package job

import "log/slog"

// Username is the name of a user. It is personal data: it prints itself
// redacted in logs, and string(u) is needed to see it.
type Username string

// LogValue implements slog.LogValuer: a username in a log is redacted.
func (Username) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// IsUUID reports whether the name has the form of a UUID, which is that of a sub.
func (u Username) IsUUID() bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(u) != len(form) {
		return false
	}
	for i := range len(u) {
		c := u[i]
		hex := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
		if (form[i] == '-') != (c == '-') || form[i] == 'x' && !hex {
			return false
		}
	}
	return true
}
