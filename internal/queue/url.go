package queue

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// URL is the URL of a queue in SQS, taken apart.
type URL struct {
	// Region is what the host says, or the path (LocalStack); empty where neither
	// does, as with an emulator or a name of a company's own.
	Region string
	// Endpoint is scheme and host, with the port if there is one.
	Endpoint string
	// Account is twelve digits.
	Account string
	Name    string
	// path is what comes before the account; empty in AWS.
	path string
}

const region = `[a-z]{2,}(?:-[a-z]+)+-[0-9]+`

// The hosts that name a Region, whatever domain follows: AWS has one for each
// partition, and another for dual-stack. Sources: "Amazon SQS endpoints and quotas"
// in the AWS General Reference; "Internetwork traffic privacy" in the Amazon SQS
// Developer Guide for VPC endpoints; LocalStack's documentation of SQS queue URLs.
var (
	regionalHost = regexp.MustCompile(`^(?:vpce-[a-z0-9-]+\.)?(?:sqs|sqs-fips|queue)\.(` + region + `)\.`)
	legacyHost   = regexp.MustCompile(`^(` + region + `)\.queue\.`)
	// bareHost is the one legacy host without a Region: us-east-1's.
	bareHost = regexp.MustCompile(`^queue\.(?:amazonaws\.com|localhost\.localstack\.cloud)$`)

	queuePath  = regexp.MustCompile(`^((?:/[\w-]+)*)/([0-9]{12})/([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$`)
	regionPath = regexp.MustCompile(`^/queue/(` + region + `)$`)
	regionOnly = regexp.MustCompile(`^` + region + `$`)
)

// ValidRegion reports whether s has the form of a Region, as eu-west-1 has.
func ValidRegion(s string) bool { return regionOnly.MatchString(s) }

// ParseURL takes the URL of a queue apart.
func ParseURL(raw string) (URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery+u.Fragment != "" || u.User != nil {
		return URL{}, badURL(raw)
	}
	path := queuePath.FindStringSubmatch(u.Path)
	if path == nil {
		return URL{}, badURL(raw)
	}
	q := URL{Endpoint: u.Scheme + "://" + u.Host, path: path[1], Account: path[2], Name: path[3]}
	host := strings.ToLower(u.Hostname())
	if m := cmp.Or(first(regionalHost, host), first(legacyHost, host), first(regionPath, q.path)); m != "" {
		q.Region = m
	} else if bareHost.MatchString(host) {
		q.Region = "us-east-1"
	}
	return q, nil
}

func first(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

func badURL(raw string) error {
	return fmt.Errorf("--queue %q is not the URL of a queue: want https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", raw)
}

// String writes the URL.
func (u URL) String() string { return u.Endpoint + u.path + "/" + u.Account + "/" + u.Name }

// Same reports whether both name one queue. One queue has several hosts, so account
// and name count, and the Region where both have one.
func (u URL) Same(v URL) bool {
	return u.Account == v.Account && u.Name == v.Name && (u.Region == "" || v.Region == "" || u.Region == v.Region)
}

// sibling is the queue with that ARN at the same host. SQS wants a dead-letter queue
// in the account and the Region of its queue.
func (u URL) sibling(arn string) (URL, error) {
	part := strings.Split(arn, ":") // arn:aws:sqs:REGION:ACCOUNT:NAME
	if len(part) != 6 || part[2] != "sqs" {
		return URL{}, fmt.Errorf("%q is not the ARN of a queue", arn)
	}
	u.Account, u.Name = part[4], part[5]
	return u, nil
}

// NewClient makes the client for a queue. It signs for region, else for the Region
// that the URL names, else for the configuration's. It calls an endpoint that the
// configuration gives SQS (AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL), else the URL's
// own host; but where that is the standard host of its Region, the SDK may choose
// the FIPS or dual-stack one beside it, if the configuration asks for that.
func NewClient(cfg aws.Config, u URL, region string) (*sqs.Client, error) {
	var err error
	client := sqs.NewFromConfig(cfg, func(o *sqs.Options) {
		o.Region = cmp.Or(region, u.Region, o.Region)
		if o.BaseEndpoint != nil || standard(u, o.Region) {
			return
		}
		if o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled && !strings.Contains(u.Endpoint, "sqs-fips.") {
			err = fmt.Errorf("AWS_USE_FIPS_ENDPOINT is set, and the host of --queue %s is no FIPS endpoint: name the queue with the host sqs-fips.REGION.amazonaws.com, or unset AWS_USE_FIPS_ENDPOINT", u)
		}
		// The SDK would refuse either beside an endpoint.
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateUnset
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateUnset
		o.BaseEndpoint = &u.Endpoint
	})
	return client, err
}

// standard reports whether the URL's host is what the SDK calls for the Region.
func standard(u URL, region string) bool {
	e, err := sqs.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), sqs.EndpointParameters{Region: &region, UseFIPS: new(false), UseDualStack: new(false)})
	return err == nil && e.URI.String() == u.Endpoint
}
