package awsconf

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// TestFencedSendsNothing forbids after a number of questions: before the request
// is made, and between that and the write, as if the process had been suspended
// there, on a new connection and on one that is kept.
func TestFencedSendsNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kept bool
		asks int32 // how many questions are answered well
	}{
		"at once":                  {false, 0},
		"before the write":         {false, 1},
		"at once, connection kept": {true, 0},
		"before the write, kept":   {true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				arrived.Add(1)
				_, _ = w.Write([]byte(`{}`))
			}))
			defer server.Close()
			var left atomic.Int32
			left.Store(1 << 20)
			no := errors.New("not now")
			cfg := Fenced(aws.Config{
				Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: wholeBody{awshttp.NewBuildableClient()},
				Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
				Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
			}, func() error {
				if left.Add(-1) < 0 {
					return no
				}
				return nil
			})
			client := cip.NewFromConfig(cfg)
			call := func() error {
				_, err := client.AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: new("eu-west-1_AbCdEf123"), Username: new("u")})
				return err
			}
			if c.kept {
				if err := call(); err != nil {
					t.Fatal(err)
				}
			}
			before := arrived.Load()
			left.Store(c.asks)
			if err := call(); !errors.Is(err, no) {
				t.Errorf("the call ends with %v, want %v", err, no)
			}
			if n := arrived.Load() - before; n != 0 {
				t.Errorf("%d requests arrived", n)
			}
			left.Store(1 << 20)
			if err := call(); err != nil {
				t.Errorf("allowed again: %v", err)
			}
		})
	}
}

// TestFencedThrowsAway forbids while the kernel still holds bytes: the other end
// does not read, and when it does, they are gone.
func TestFencedThrowsAway(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	raw, err := new(net.Dialer).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = peer.Close() }()
	var forbidden atomic.Bool
	conn := &fencedConn{raw, func() error {
		if forbidden.Load() {
			return context.Canceled
		}
		return nil
	}}
	sent := make(chan int)
	go func() { // until the buffers of both kernels are full
		n := 0
		for {
			k, err := conn.Write(make([]byte, 1<<16))
			if n += k; err != nil {
				sent <- n
				return
			}
		}
	}()
	one := make([]byte, 1)
	if _, err := peer.Read(one); err != nil {
		t.Fatal(err)
	}
	forbidden.Store(true)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	<-sent
	for {
		if _, err = peer.Read(make([]byte, 1<<16)); err != nil {
			break
		}
	}
	if err.Error() == "EOF" {
		t.Error("the connection ended in order, with all that was written")
	}
}
