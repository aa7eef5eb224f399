package awsconf

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// wholeBody gives net/http each request's body in memory instead of the SDK's
// reader, for two reasons.
//
// The SDK closes its reader as soon as the response's headers are there. Its
// WriteTo (smithy-go v1.28.8, transport/http/internal/io/safe.go) then returns
// io.EOF as an error. net/http asks the reader once more, after it has written
// the body, whether there is anything left; a server that answers quickly wins
// that race, the error closes the connection, and a response of more than one
// read is lost with "use of closed network connection" behind a 200: ten
// messages, or the answer to a reset.
//
// And net/http sends headers and body in one write only if it knows that the
// body is in memory.
type wholeBody struct{ next aws.HTTPClient }

// Do implements aws.HTTPClient.
func (c wholeBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.ContentLength <= 0 {
		return c.next.Do(r)
	}
	data := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, data); err != nil {
		return nil, fmt.Errorf("reading the request's body: %w", err)
	}
	if err := r.Body.Close(); err != nil {
		return nil, fmt.Errorf("closing the request's body: %w", err)
	}
	// GetBody lets net/http use another connection if the one it took from its
	// pool turns out to be closed before anything was written.
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	r.Body = io.NopCloser(bytes.NewReader(data))
	return c.next.Do(r)
}
