package reset

import (
	"errors"
	"regexp"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"relock/internal/job"
)

// Cause is why a call of any AWS service failed, if that is a reason to halt: the
// table's reason, AWS's code and, for a wrong clock, the difference. The zero Halt
// says that it is none. Since is not set.
func Cause(err error) job.Halt {
	if err == nil {
		return job.Halt{}
	}
	// As if it had been sent: without that, "never sent" would be an error of the
	// network just as well.
	if r := failure("", err, true); r.Class == Halt {
		return r.Cause()
	}
	return job.Halt{}
}

// Cause is the halt that a reply of the class Halt, or one whose tries are spent,
// asks for. Since is not set.
func (r Reply) Cause() job.Halt { return job.Halt{Reason: r.Halt, Code: r.Code, Skew: r.Skew} }

var signedAt = regexp.MustCompile(`\d{8}T\d{6}Z`)

// skewOf is how far our clock is ahead of the server's, as an answer that refuses
// the time of a signature says: by the times in its text, the signature's first and,
// where it is there, the server's own last; else by its Date. 0 if that is not known.
func skewOf(err error) time.Duration {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if at := signedAt.FindAllString(api.ErrorMessage(), -1); len(at) > 1 {
			const layout = "20060102T150405Z"
			ours, err1 := time.Parse(layout, at[0])
			theirs, err2 := time.Parse(layout, at[len(at)-1])
			if err1 == nil && err2 == nil {
				return ours.Sub(theirs)
			}
		}
	}
	res, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || res.Response == nil {
		return 0
	}
	date, err := time.Parse(time.RFC1123, res.Response.Header.Get("Date"))
	if skew := time.Since(date).Round(time.Second); err == nil && skew.Abs() >= time.Minute {
		return skew
	}
	return 0
}
