package awsconf

import (
	"context"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Fenced is cfg with an HTTP client that sends nothing while allowed returns an
// error. It is asked before each request and once more next to each write to a
// connection: a process may be suspended at any point in between, for longer than
// what it was allowed holds. The error is wrapped in the call's. allowed is called
// concurrently.
func Fenced(cfg aws.Config, allowed func() error) aws.Config {
	whole, _ := cfg.HTTPClient.(wholeBody)
	if client, ok := whole.next.(*awshttp.BuildableClient); ok {
		whole.next = client.WithTransportOptions(func(t *http.Transport) {
			dial := t.DialContext
			if dial == nil {
				dial = (&net.Dialer{}).DialContext
			}
			t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := dial(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return &fencedConn{conn, allowed}, nil
			}
		})
		cfg.HTTPClient = whole
	}
	cfg.HTTPClient = fenced{cfg.HTTPClient, allowed}
	return cfg
}

type fenced struct {
	next    aws.HTTPClient
	allowed func() error
}

// Do implements aws.HTTPClient.
func (c fenced) Do(r *http.Request) (*http.Response, error) {
	if err := c.allowed(); err != nil {
		return nil, err
	}
	return c.next.Do(r)
}

type fencedConn struct {
	net.Conn
	allowed func() error
}

// Write implements net.Conn.
func (c *fencedConn) Write(b []byte) (int, error) {
	if err := c.allowed(); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// Close implements net.Conn. What the kernel has not sent yet is thrown away if it
// may not be sent any more.
func (c *fencedConn) Close() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.allowed() != nil {
		_ = tcp.SetLinger(0) // at worst it is sent
	}
	return c.Conn.Close()
}
