package queue_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"relock/internal/queue"
)

// urls are queues' URLs, of every kind of host, with the Region that each names.
var urls = []struct{ raw, region string }{
	{"https://sqs.eu-west-1.amazonaws.com/123456789012/relock", "eu-west-1"},
	{"http://sqs.eu-west-1.amazonaws.com/123456789012/relock", "eu-west-1"},
	{"https://SQS.EU-WEST-1.amazonaws.com/123456789012/relock", "eu-west-1"},
	{"https://sqs.us-gov-west-1.amazonaws.com/123456789012/q", "us-gov-west-1"},
	{"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/relock", "cn-north-1"},
	{"https://sqs.eusc-de-east-1.amazonaws.eu/123456789012/relock", "eusc-de-east-1"},
	{"https://sqs.us-iso-east-1.c2s.ic.gov/123456789012/relock", "us-iso-east-1"},
	{"https://sqs.us-isob-east-1.sc2s.sgov.gov/123456789012/relock", "us-isob-east-1"},
	{"https://sqs.eu-isoe-west-1.cloud.adc-e.uk/123456789012/relock", "eu-isoe-west-1"},
	{"https://sqs.us-isof-south-1.csp.hci.ic.gov/123456789012/relock", "us-isof-south-1"},
	// dual-stack
	{"https://sqs.eu-west-1.api.aws/123456789012/relock", "eu-west-1"},
	{"https://sqs.cn-northwest-1.api.amazonwebservices.com.cn/123456789012/relock", "cn-northwest-1"},
	{"https://sqs.eusc-de-east-1.api.amazonwebservices.eu/123456789012/relock", "eusc-de-east-1"},
	// FIPS
	{"https://sqs-fips.us-east-1.amazonaws.com/123456789012/relock", "us-east-1"},
	{"https://sqs-fips.us-gov-east-1.api.aws/123456789012/relock", "us-gov-east-1"},
	// legacy
	{"https://eu-west-1.queue.amazonaws.com/123456789012/relock", "eu-west-1"},
	{"https://ap-southeast-2.queue.amazonaws.com/123456789012/relock", "ap-southeast-2"},
	{"https://cn-north-1.queue.amazonaws.com.cn/123456789012/relock", "cn-north-1"},
	{"https://queue.amazonaws.com/123456789012/relock", "us-east-1"},
	// VPC endpoints
	{"https://vpce-0a1b2c-d3e4.sqs.eu-west-1.vpce.amazonaws.com/123456789012/relock", "eu-west-1"},
	{"https://vpce-0a1b2c-d3e4-eu-west-1a.sqs.eu-west-1.vpce.amazonaws.com/123456789012/relock", "eu-west-1"},
	{"https://vpce-0a1b2c-d3e4.sqs-fips.us-gov-west-1.vpce.amazonaws.com/123456789012/relock", "us-gov-west-1"},
	{"https://vpce-0a1b2c-d3e4.sqs.cn-north-1.vpce.amazonaws.com.cn/123456789012/relock", "cn-north-1"},
	{"https://vpce-0a1b2c-d3e4.sqs.eusc-de-east-1.vpce.amazonaws.eu/123456789012/relock", "eusc-de-east-1"},
	// LocalStack
	{"http://sqs.eu-central-1.localhost.localstack.cloud:4566/000000000000/relock", "eu-central-1"},
	{"http://eu-central-1.queue.localhost.localstack.cloud:4566/000000000000/relock", "eu-central-1"},
	{"http://queue.localhost.localstack.cloud:4566/000000000000/relock", "us-east-1"},
	{"http://localhost:4566/queue/eu-central-1/000000000000/relock", "eu-central-1"},
	{"http://sqs.eu-central-1.localstack:4566/000000000000/relock", "eu-central-1"},
	// hosts that name none
	{"http://127.0.0.1:4566/000000000000/relock", ""},
	{"http://[::1]:9324/000000000000/relock", ""},
	{"http://elasticmq:9324/000000000000/relock", ""},
	{"https://sqs.example.com/123456789012/relock", ""},
	{"https://vpce-1-sqs.example.internal/123456789012/relock", ""},
	{"https://queue.example.com/123456789012/relock", ""},
	{"http://127.0.0.1:4566/eu-west-1/000000000000/relock", ""},
}

var badURLs = []string{
	"", "relock", "arn:aws:sqs:eu-west-1:1:q", "https://sqs.eu-west-1.amazonaws.com/", "ftp://h/q", "https:///q", "://",
	"https://sqs.eu-west-1.amazonaws.com/relock", "https://sqs.eu-west-1.amazonaws.com/12/relock",
	"https://sqs.eu-west-1.amazonaws.com/123456789012/", "https://sqs.eu-west-1.amazonaws.com/123456789012/relock/",
	"https://sqs.eu-west-1.amazonaws.com/123456789012/re lock", "https://sqs.eu-west-1.amazonaws.com/123456789012/relock?x=1",
	"https://sqs.eu-west-1.amazonaws.com/123456789012/relock#x", "https://me:secret@sqs.eu-west-1.amazonaws.com/123456789012/relock",
	"https://:443/123456789012/relock",
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for _, tt := range urls {
		u, err := queue.ParseURL(tt.raw)
		if err != nil || u.Region != tt.region || u.String() != tt.raw || u.Name == "" || len(u.Account) != 12 || !strings.HasPrefix(tt.raw, u.Endpoint+"/") {
			t.Errorf("%s: %+v, %v; want the Region %q", tt.raw, u, err, tt.region)
		}
	}
	for _, raw := range badURLs {
		if _, err := queue.ParseURL(raw); err == nil || !strings.Contains(err.Error(), "--queue") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, tt := range urls {
		f.Add(tt.raw)
	}
	for _, raw := range badURLs {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := queue.ParseURL(raw)
		if err != nil {
			return
		}
		if u.Region != "" && !queue.ValidRegion(u.Region) || !strings.HasPrefix(u.Endpoint, "http") {
			t.Errorf("%q: %+v", raw, u)
		}
		if again, err := queue.ParseURL(u.String()); err != nil || again != u {
			t.Errorf("%q: %+v, and then %+v, %v", raw, u, again, err)
		}
	})
}

func TestSameQueue(t *testing.T) {
	t.Parallel()
	const base = "https://sqs.eu-west-1.amazonaws.com/123456789012/relock"
	for raw, want := range map[string]bool{
		base: true,
		"https://eu-west-1.queue.amazonaws.com/123456789012/relock":                   true,
		"https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/relock":     true,
		"https://sqs.internal.example/123456789012/relock":                            true,
		"https://vpce-0a-1b.sqs.eu-central-1.vpce.amazonaws.com/123456789012/relock":  false,
		"https://queue.amazonaws.com/123456789012/relock":                             false,
		"https://sqs.eu-west-1.amazonaws.com/210987654321/relock":                     false,
		"https://sqs.eu-west-1.amazonaws.com/123456789012/staging":                    false,
		"http://localhost:4566/queue/eu-central-1/123456789012/relock":                false,
		"http://localhost:4566/queue/eu-west-1/123456789012/relock":                   true,
		"https://sqs-fips.eu-west-1.amazonaws.com/123456789012/relock":                true,
		"http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/relock":    false,
		"https://vpce-0a-1b-eu-west-1a.sqs.eu-west-1.vpce.amazonaws.com/1/relock-not": false,
	} {
		u, errU := queue.ParseURL(base)
		v, errV := queue.ParseURL(raw)
		if got := errors.Join(errU, errV) == nil && u.Same(v) && v.Same(u); got != want {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
}

// catch is a server that only says where it was called, and for which Region.
type catch struct{ host, scope string }

func (c *catch) Do(r *http.Request) (*http.Response, error) {
	c.host = r.URL.Scheme + "://" + r.URL.Host
	_, c.scope, _ = strings.Cut(r.Header.Get("Authorization"), "Credential=")
	return nil, errors.New("caught")
}

// TestClientHost has where a queue is called, and for which Region the call is signed.
func TestClientHost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		url, flag, base string
		fips, dual      bool
		host, region    string
	}{
		"standard":                {url: "https://sqs.eu-west-1.amazonaws.com", host: "https://sqs.eu-west-1.amazonaws.com", region: "eu-west-1"},
		"standard, unencrypted":   {url: "http://sqs.eu-west-1.amazonaws.com", host: "http://sqs.eu-west-1.amazonaws.com", region: "eu-west-1"},
		"China":                   {url: "https://sqs.cn-north-1.amazonaws.com.cn", host: "https://sqs.cn-north-1.amazonaws.com.cn", region: "cn-north-1"},
		"legacy":                  {url: "https://eu-west-1.queue.amazonaws.com", host: "https://eu-west-1.queue.amazonaws.com", region: "eu-west-1"},
		"dual-stack":              {url: "https://sqs.eu-west-1.api.aws", host: "https://sqs.eu-west-1.api.aws", region: "eu-west-1"},
		"FIPS":                    {url: "https://sqs-fips.us-west-2.amazonaws.com", host: "https://sqs-fips.us-west-2.amazonaws.com", region: "us-west-2"},
		"VPC endpoint":            {url: "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com", host: "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com", region: "eu-west-1"},
		"a name of a company":     {url: "https://sqs.example.internal", host: "https://sqs.example.internal", region: "us-east-1"},
		"the same with the flag":  {url: "https://sqs.example.internal", flag: "eu-west-1", host: "https://sqs.example.internal", region: "eu-west-1"},
		"the flag wins":           {url: "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com", flag: "eu-west-2", host: "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com", region: "eu-west-2"},
		"a configured endpoint":   {url: "https://sqs.eu-west-1.api.aws", base: "http://127.0.0.1:4566", host: "http://127.0.0.1:4566", region: "eu-west-1"},
		"FIPS asked for":          {url: "https://sqs.us-east-1.amazonaws.com", fips: true, host: "https://sqs-fips.us-east-1.amazonaws.com", region: "us-east-1"},
		"FIPS asked for, given":   {url: "https://sqs-fips.us-east-1.amazonaws.com", fips: true, host: "https://sqs-fips.us-east-1.amazonaws.com", region: "us-east-1"},
		"dual-stack asked for":    {url: "https://sqs.eu-west-1.amazonaws.com", dual: true, host: "https://sqs.eu-west-1.api.aws", region: "eu-west-1"},
		"dual-stack, but a VPC's": {url: "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com", dual: true, host: "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com", region: "eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := queue.ParseURL(tt.url + "/123456789012/relock")
			if err != nil {
				t.Fatal(err)
			}
			c := &catch{}
			client, err := queue.NewClient(config(tt.base, tt.fips, tt.dual, c), u, tt.flag)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := queue.OpenSQS(t.Context(), client, u.String(), nil); err == nil || !strings.Contains(err.Error(), "caught") {
				t.Fatalf("%v, want the call caught", err)
			}
			if part := strings.Split(c.scope, "/"); c.host != tt.host || len(part) < 3 || part[2] != tt.region {
				t.Errorf("called %s for %s, want %s for %s", c.host, c.scope, tt.host, tt.region)
			}
		})
	}
}

// A host that is no FIPS endpoint is not called where FIPS is asked for.
func TestClientFIPS(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"https://eu-west-1.queue.amazonaws.com", "https://vpce-0a-1b.sqs.us-east-1.vpce.amazonaws.com", "https://sqs.us-east-1.api.aws"} {
		u, err := queue.ParseURL(host + "/123456789012/relock")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := queue.NewClient(config("", true, false, nil), u, ""); err == nil || !strings.Contains(err.Error(), "AWS_USE_FIPS_ENDPOINT") {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// sources are the SDK's settings as the environment would give them.
type sources struct{ fips, dual bool }

func config(base string, fips, dual bool, c sqs.HTTPClient) aws.Config {
	cfg := aws.Config{
		Region: "us-east-1", HTTPClient: c, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""), ConfigSources: []any{sources{fips, dual}},
	}
	if base != "" {
		cfg.BaseEndpoint = &base
	}
	return cfg
}

func (s sources) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateEnabled, s.fips, nil
}

func (s sources) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return aws.DualStackEndpointStateEnabled, s.dual, nil
}
