package cli_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox"
)

// TestCompanyMachine runs the built programs in environments as companies have
// them: profiles, endpoints, CA bundles, and a proxy that is the only way out.
func TestCompanyMachine(t *testing.T) {
	t.Parallel()
	programs := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", programs, "relock/cmd/enqueue", "relock/cmd/worker").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	const region = "eu-west-1"
	profile := []string{"region = " + region}

	t.Run("profile, endpoint, CA bundle", func(t *testing.T) {
		t.Parallel()
		x := startSite(t, region, "sqs.example.internal")
		m := newMachine(t, programs, profile, "AWS_ENDPOINT_URL="+x.url, "AWS_CA_BUNDLE="+x.ca)
		m.job(x, x.url+"/123456789012/relock")
	})

	t.Run("CA bundle with an endpoint that needs none", func(t *testing.T) {
		t.Parallel()
		x, other := startSite(t, region), startSite(t, region, "sqs.example.internal")
		m := newMachine(t, programs, profile, "AWS_ENDPOINT_URL="+x.url, "AWS_CA_BUNDLE="+other.ca)
		m.job(x, x.url+"/123456789012/relock")
	})

	t.Run("everything in the profile", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS == "windows" {
			t.Skip("credential_process is `cat` here, which Windows lacks")
		}
		x := startSite(t, region, "sqs.example.internal")
		key := filepath.Join(t.TempDir(), "key.json")
		write(t, key, `{"Version":1,"AccessKeyId":"`+sandbox.DemoAccessKeyID+`","SecretAccessKey":"`+sandbox.DemoSecretAccessKey+`"}`)
		m := newMachine(t, programs, []string{"region = " + region, "endpoint_url = " + x.url, "ca_bundle = " + x.ca, "credential_process = cat " + key})
		if err := os.Remove(filepath.Join(m.home, ".aws", "credentials")); err != nil {
			t.Fatal(err)
		}
		m.job(x, x.url+"/123456789012/relock")
	})

	t.Run("proxy to a name of the company's", func(t *testing.T) {
		t.Parallel()
		x := startSite(t, region, "*.example.internal")
		p := startProxy(t, x.addr)
		m := newMachine(t, programs, profile, "AWS_CA_BUNDLE="+x.ca, "HTTPS_PROXY="+p.url(proxyPassword),
			"AWS_ENDPOINT_URL=https://aws.example.internal", "AWS_ENDPOINT_URL_SQS=https://sqs.example.internal")
		m.job(x, "https://sqs.example.internal/123456789012/relock")
		p.check(t, x, "aws.example.internal:443", "sqs.example.internal:443")
	})

	t.Run("proxy to a queue that names its own endpoint", func(t *testing.T) {
		t.Parallel()
		x := startSite(t, region, "*.example.internal")
		p := startProxy(t, x.addr)
		m := newMachine(t, programs, profile, "AWS_CA_BUNDLE="+x.ca, "HTTPS_PROXY="+p.url(proxyPassword),
			"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=https://cognito.example.internal", "AWS_ENDPOINT_URL_STS=https://sts.example.internal",
			"AWS_ENDPOINT_URL_SERVICE_QUOTAS=https://quotas.example.internal")
		m.job(x, "https://vpce-1-sqs.example.internal/123456789012/relock")
		p.check(t, x, "cognito.example.internal:443", "quotas.example.internal:443", "sts.example.internal:443", "vpce-1-sqs.example.internal:443")
	})

	// A Region that does not exist: its names lead nowhere but through the proxy.
	t.Run("proxy to AWS's own names", func(t *testing.T) {
		t.Parallel()
		const region = "xx-relock-1"
		x := startSite(t, region, "*."+region+".amazonaws.com")
		p := startProxy(t, x.addr)
		m := newMachine(t, programs, []string{"region = " + region}, "AWS_CA_BUNDLE="+x.ca, "HTTPS_PROXY="+p.url(proxyPassword))
		m.job(x, "https://sqs."+region+".amazonaws.com/123456789012/relock")
		p.check(t, x, "cognito-idp."+region+".amazonaws.com:443", "servicequotas."+region+".amazonaws.com:443",
			"sqs."+region+".amazonaws.com:443", "sts."+region+".amazonaws.com:443")
	})

	// A URL's host is called as it is given, though the SDK would call another.
	t.Run("proxy to a dual-stack queue", func(t *testing.T) {
		t.Parallel()
		const region = "xx-relock-1"
		x := startSite(t, region, "*."+region+".amazonaws.com", "*."+region+".api.aws")
		p := startProxy(t, x.addr)
		m := newMachine(t, programs, []string{"region = " + region}, "AWS_CA_BUNDLE="+x.ca, "HTTPS_PROXY="+p.url(proxyPassword))
		m.job(x, "https://sqs."+region+".api.aws/123456789012/relock")
		p.check(t, x, "cognito-idp."+region+".amazonaws.com:443", "servicequotas."+region+".amazonaws.com:443",
			"sqs."+region+".api.aws:443", "sts."+region+".amazonaws.com:443")
	})

	t.Run("proxy and an endpoint on loopback", func(t *testing.T) {
		t.Parallel()
		x := startSite(t, region, "sqs.example.internal")
		p := startProxy(t, x.addr)
		m := newMachine(t, programs, profile, "AWS_ENDPOINT_URL="+x.url, "AWS_CA_BUNDLE="+x.ca, "HTTPS_PROXY="+p.url(proxyPassword), "HTTP_PROXY="+p.url(proxyPassword))
		m.job(x, x.url+"/123456789012/relock")
		if names, refused, _ := p.log(); names != nil || refused != 0 {
			t.Errorf("the proxy was asked for %v, and refused %d times", names, refused)
		}
	})

	for name, tt := range map[string]struct {
		env  func(x *site, p *proxy) []string
		want []string
	}{
		"a CA that the machine does not know": {
			func(_ *site, p *proxy) []string { return []string{"HTTPS_PROXY=" + p.url(proxyPassword)} },
			[]string{"certificate signed by unknown authority", "AWS_CA_BUNDLE"},
		},
		"a CA bundle that is not there": {
			func(_ *site, p *proxy) []string {
				return []string{"HTTPS_PROXY=" + p.url(proxyPassword), "AWS_CA_BUNDLE=none.pem"}
			},
			[]string{"none.pem", "AWS_CA_BUNDLE"},
		},
		"a wrong password of the proxy": {
			func(x *site, p *proxy) []string {
				return []string{"HTTPS_PROXY=" + p.url("wrong"), "AWS_CA_BUNDLE=" + x.ca}
			},
			[]string{"Proxy Authentication Required", "HTTPS_PROXY"},
		},
		"a proxy that is not there": {
			func(x *site, p *proxy) []string {
				return []string{"HTTPS_PROXY=http://127.0.0.1:1", "AWS_CA_BUNDLE=" + x.ca}
			},
			[]string{"connection refused", "HTTPS_PROXY"},
		},
		"a profile that is not there": {
			func(x *site, p *proxy) []string {
				return []string{"HTTPS_PROXY=" + p.url(proxyPassword), "AWS_CA_BUNDLE=" + x.ca, "AWS_PROFILE=elsewhere"}
			},
			[]string{"elsewhere", "AWS_PROFILE"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := startSite(t, region, "*.example.internal")
			p := startProxy(t, x.addr)
			m := newMachine(t, programs, profile, append(tt.env(x, p), "AWS_ENDPOINT_URL=https://aws.example.internal")...)
			code, said := m.enqueue(x, "https://sqs.example.internal/123456789012/relock")
			if code != 1 {
				t.Errorf("enqueue ends with %d, want 1", code)
			}
			for _, want := range tt.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
			if strings.Contains(said, proxyPassword) || strings.Contains(said, url.QueryEscape(proxyPassword)) || strings.Contains(said, url.PathEscape(proxyPassword)) {
				t.Errorf("it shows the proxy's password:\n%s", said)
			}
			if d, err := x.SQS().Depth("relock"); err != nil || d.Visible != 0 {
				t.Errorf("something was sent: %+v, %v", d, err)
			}
		})
	}
}

// url is the proxy's, as HTTPS_PROXY has it.
func (p *proxy) url(password string) string {
	u := url.URL{Scheme: "http", User: url.UserPassword(proxyUser, password), Host: p.addr}
	return u.String()
}

// check compares the proxy's log with the names that it should have been asked
// for, and the site's connections with those that the proxy made.
func (p *proxy) check(t *testing.T, x *site, want ...string) {
	t.Helper()
	names, refused, dialled := p.log()
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the proxy was asked for other names (-want +got):\n%s", diff)
	}
	if refused != 0 {
		t.Errorf("the proxy refused %d requests", refused)
	}
	if diff := cmp.Diff(dialled, x.connected()); diff != "" {
		t.Errorf("something went around the proxy (-proxy +server):\n%s", diff)
	}
}
