package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
)

// NewLogger writes to w as "text" or "json". Errors are logged as Brief writes
// them, unless full says that texts of AWS's may be seen: they can hold usernames.
func NewLogger(w io.Writer, format string, level slog.Level, full bool) (*slog.Logger, error) {
	o := &slog.HandlerOptions{Level: level}
	if !full {
		o.ReplaceAttr = func(_ []string, a slog.Attr) slog.Attr {
			if err, ok := a.Value.Any().(error); ok {
				a.Value = slog.StringValue(Brief(err))
			}
			return a
		}
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	default:
		return nil, fmt.Errorf("--log-format %q: want text or json", format)
	}
}

// Brief is an error's text with our own words as they are, and of a call to AWS no
// more than service, operation, error code and request ID: the rest can hold
// personal data, keys and addresses.
func Brief(err error) string {
	text := err.Error()
	for _, inner := range foreign(err) {
		text = strings.ReplaceAll(text, inner.Error(), brief(inner))
	}
	return text
}

// foreign are the outermost errors in an error's tree whose text is not ours.
func foreign(err error) []error {
	switch e := err.(type) { //nolint:errorlint // this walks the tree itself
	case *smithy.OperationError, smithy.APIError, *url.Error:
		return []error{err}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return foreign(inner)
		}
	case interface{ Unwrap() []error }:
		var all []error
		for _, inner := range e.Unwrap() {
			all = append(all, foreign(inner)...)
		}
		return all
	}
	return nil
}

func brief(err error) string {
	what := cause(err)
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		what = op.Service() + " " + op.Operation() + ": " + what
	}
	if id, ok := errors.AsType[interface {
		error
		ServiceRequestID() string
	}](err); ok && id.ServiceRequestID() != "" {
		what += " (request " + id.ServiceRequestID() + ")"
	}
	return what
}

// cause is why a call failed, in words of ours.
func cause(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "no such host"
		}
		return "the host's name could not be looked up"
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "the connection was closed"
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "no answer in time"
	}
	return "no answer"
}
