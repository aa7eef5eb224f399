package reset

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"relock/internal/job"
)

// hang answers when the client has gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	buf := make([]byte, 1<<16)
	for {
		if _, err := r.Body.Read(buf); err != nil {
			break
		}
	}
	<-r.Context().Done()
}

// drop closes the connection without an answer.
func drop(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// page answers with something that is not AWS's.
func page(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// A call without an answer is tried again; it is in doubt if anything was sent.
func TestCallsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	const html = "<html><body><h1>502 Bad Gateway</h1></body></html>"
	plain := func(h http.HandlerFunc) func(*testing.T) *cip.Client {
		return func(t *testing.T) *cip.Client { return api(t, server(t, h)) }
	}
	for name, c := range map[string]struct {
		client func(*testing.T) *cip.Client
		sent   bool
		cancel bool
	}{
		"no answer in time":                 {client: plain(hang), sent: true},
		"closed after the request":          {client: plain(drop), sent: true},
		"a proxy's 502 page":                {client: plain(page(502, html)), sent: true},
		"a proxy's 504 page":                {client: plain(page(504, html)), sent: true},
		"a proxy's 403 page":                {client: plain(page(403, html)), sent: true},
		"a gateway's 503 without a body":    {client: plain(page(503, "")), sent: true},
		"a gateway's 403 in JSON":           {client: plain(page(403, `{"error":"blocked by policy"}`)), sent: true},
		"a captive portal's 200 page":       {client: plain(page(200, html)), sent: true},
		"half an answer":                    {client: plain(page(400, `{"__type":"UserNotF`)), sent: true},
		"connection refused":                {client: func(t *testing.T) *cip.Client { return api(t, closedPort(t)) }},
		"a host that is not known":          {client: unknownHost},
		"a certificate that is not trusted": {client: untrusted},
		"a proxy that asks for a password":  {client: passwordProxy},
		"cancelled before it began":         {client: plain(hang), cancel: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancel {
				cancel()
			}
			var code string
			cl := New(c.client(t), 300*time.Millisecond, func(_, c string, _ time.Duration) { code = c })
			r := cl.Reset(ctx, pool, "person-x", nil)
			if r.Class != TryAgain || r.Outcome != job.GaveUp || r.Halt != "" || r.Code != "" {
				t.Errorf("%+v", r)
			}
			if r.Sent != c.sent || r.InDoubt != c.sent {
				t.Errorf("sent %v, in doubt %v; want %v: %v", r.Sent, r.InDoubt, c.sent, r.Err)
			}
			if code != CodeNoAnswer {
				t.Errorf("the observer heard %q", code)
			}
		})
	}
}

// closedPort is an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return "http://" + ln.Addr().String()
}

func unknownHost(t *testing.T) *cip.Client {
	return api(t, "http://cognito.invalid", func(o *cip.Options) {
		o.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(_ context.Context, _, addr string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}}
		}}}
	})
}

func untrusted(t *testing.T) *cip.Client {
	s := httptest.NewUnstartedServer(page(200, "{}"))
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return api(t, s.URL)
}

func passwordProxy(t *testing.T) *cip.Client {
	proxy, err := url.Parse(server(t, page(http.StatusProxyAuthRequired, "who are you?")))
	if err != nil {
		t.Fatal(err)
	}
	return api(t, "https://cognito-idp.eu-west-1.amazonaws.com", func(o *cip.Options) {
		o.HTTPClient = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyURL(proxy), DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		}}
	})
}

// Without credentials no call can be signed: that is a halt, and nobody was tried.
func TestCallsThatCannotBeSigned(t *testing.T) {
	check := func(t *testing.T, cl *cip.Client) {
		t.Helper()
		r := New(cl, 5*time.Second, nil).Reset(t.Context(), pool, "person-x", nil)
		if r.Class != Halt || r.Halt != job.HaltCredentials || r.Sent || r.InDoubt || r.Outcome != "" {
			t.Errorf("%+v", r)
		}
	}
	t.Run("the provider has none", func(t *testing.T) {
		check(t, api(t, "http://127.0.0.1:1", func(o *cip.Options) {
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, errors.New("no credentials found")
			})
		}))
	})
	t.Run("nothing in the environment", func(t *testing.T) {
		emptyEnvironment(t)
		t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
		check(t, fromConfig(t))
	})
	t.Run("no instance metadata", func(t *testing.T) {
		emptyEnvironment(t)
		t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server(t, page(404, "")))
		check(t, fromConfig(t))
	})
	for name, body := range map[string]string{
		"the role may not be assumed":       `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform sts:AssumeRole</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
		"the role's source has expired":     `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
		"assuming the role was throttled":   `<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
		"the role's own user was not found": `<ErrorResponse><Error><Type>Sender</Type><Code>UserNotFoundException</Code><Message>?</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
	} {
		t.Run(name, func(t *testing.T) {
			emptyEnvironment(t)
			file := filepath.Join(t.TempDir(), "config")
			text := "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n" +
				"[profile base]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("AWS_CONFIG_FILE", file)
			t.Setenv("AWS_PROFILE", "p")
			t.Setenv("AWS_ENDPOINT_URL_STS", server(t, page(403, body)))
			check(t, fromConfig(t))
		})
	}
}

// emptyEnvironment hides what this machine knows of AWS.
func emptyEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
}

// fromConfig is a client of the environment, as the programs have it.
func fromConfig(t *testing.T) *cip.Client {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-west-1"),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }), config.WithHTTPClient(&http.Client{Transport: tr}))
	if err != nil {
		t.Fatal(fmt.Errorf("loading the configuration: %w", err))
	}
	return cip.NewFromConfig(cfg, func(o *cip.Options) { o.BaseEndpoint = aws.String("http://127.0.0.1:1") })
}
