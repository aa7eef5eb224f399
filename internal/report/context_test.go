package report

import "context"

// contextOf is the context of a test, or of a check that has none.
func contextOf(t any) context.Context {
	if c, ok := t.(interface{ Context() context.Context }); ok {
		return c.Context()
	}
	return context.Background()
}
