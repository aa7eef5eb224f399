package preflight

import (
	"fmt"
	"strings"
	"time"

	"relock/internal/job"
)

// Credentials are what is known of the end of AWS credentials.
type Credentials struct {
	// Temporary says that they are a session that ends, and Expires when; zero is not
	// known.
	Temporary bool
	Expires   time.Time
	// Renewal is by what they may be renewed, as half a sentence; empty where nothing
	// renews them.
	Renewal string
}

func notAsked(l look) []job.Finding {
	if l.NotAsked == "" {
		return nil
	}
	return one(AWSNotAsked, l.NotAsked)
}

// sessionLeast is how long a session of STS lasts at least.
const sessionLeast = 15 * time.Minute

func credentialsExpire(l look) []job.Finding {
	c := l.Credentials
	var text string
	switch {
	case !c.Temporary, c.Expires.IsZero() && l.Took < sessionLeast, !c.Expires.IsZero() && c.Expires.After(l.Ends):
		return nil
	case c.Expires.IsZero():
		text = "The AWS credentials are a session that ends, it is not known when, and the job takes about " + long(l.Took) + "."
	default:
		text = fmt.Sprintf("The AWS credentials expire at %s, before the job's end.", c.Expires.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if c.Renewal != "" {
		text += " " + sentence(c.Renewal) + "."
	} else {
		text += " Nothing renews them: a worker that runs with them halts then (`credentials`), loses nothing, and goes on when it is started again with new ones."
	}
	return one(CredentialsExpire, text+" Renew them just before the worker starts, or give the worker a role.")
}

// skewMost is how far a clock may be off without a word; AWS allows five minutes.
const skewMost = time.Minute

func clockSkew(l look) []job.Finding {
	if l.Skew.Abs() <= skewMost {
		return nil
	}
	return one(ClockSkew, "This machine's clock is "+job.Clock(l.Skew)+". Calls to AWS are signed with the time corrected; set the clock, with NTP, before it is off by more.")
}

// sentence begins a text with a capital letter.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
