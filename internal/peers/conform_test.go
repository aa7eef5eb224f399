package peers

import (
	"testing"
)

// behaviour is one thing that AWS documents.
type behaviour[E any] struct {
	// name is what is looked at, as a noun phrase.
	name string
	// aws is what AWS does: what observe returns there.
	aws string
	// source is how it is known.
	source source
	// observe sets the scene and says what the server does, in the same words.
	observe func(e E) string
}

// source is how a behaviour of AWS is known.
type source struct {
	text string
	// byDocument says that AWS's documents have it; else it was seen in replies.
	byDocument bool
}

func documented(text string) source { return source{text, true} }
func seen(text string) source       { return source{text, false} }

func (s source) String() string {
	if s.byDocument {
		return s.text
	}
	return "seen in replies; " + s.text
}

// difference is a behaviour in which a server differs from AWS.
type difference struct {
	behaviour string
	// does is what the server does instead, as observe says it.
	does string
}

// differences are known, by server.
type differences map[string][]difference

// conform runs the behaviours over a server, side by side, and compares.
func conform[E any](t *testing.T, all []behaviour[E], known []difference, env func(t *testing.T) E) {
	t.Helper()
	does := map[string]string{}
	for _, d := range known {
		if _, twice := does[d.behaviour]; twice {
			t.Errorf("%q is in the table of differences twice", d.behaviour)
		}
		does[d.behaviour] = d.does
	}
	for _, b := range all {
		other, differs := does[b.name]
		delete(does, b.name)
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			switch got := b.observe(env(t)); {
			case differs && got == b.aws:
				t.Errorf("it no longer differs from AWS: take it out of the table\n got %s", got)
			case differs && got != other:
				t.Errorf("it differs from AWS in another way than the table says\n got   %s\n table %s\n AWS   %s (%s)", got, other, b.aws, b.source)
			case !differs && got != b.aws:
				t.Errorf("it differs from AWS\n got %s\n AWS %s (%s)", got, b.aws, b.source)
			}
		})
	}
	for name := range does {
		t.Errorf("the table of differences names %q, which no behaviour has", name)
	}
}
