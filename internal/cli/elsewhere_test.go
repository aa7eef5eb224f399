package cli

import (
	"testing"

	"relock/internal/job"
)

func TestElsewhere(t *testing.T) {
	t.Parallel()
	const q = "https://sqs.eu-west-1.amazonaws.com/123456789012/relock"
	for _, tt := range []struct {
		name, sent, now string
		want            bool
	}{
		{"not known", "", q, false},
		{"the same", q, q, false},
		{"the same through a VPC endpoint", q, "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/relock", false},
		{"another name", q, "https://sqs.eu-west-1.amazonaws.com/123456789012/staging", true},
		{"another account", q, "https://sqs.eu-west-1.amazonaws.com/210987654321/relock", true},
		{"another Region", q, "https://sqs.eu-central-1.amazonaws.com/123456789012/relock", true},
		{"files, now in SQS", "file:relock", q, true},
		{"SQS, now in files", q, "", true},
		{"files, named from two folders", "file:relock", "file:/srv/relock", false},
	} {
		now, err := queuePlace(tt.now)
		if err != nil {
			t.Fatal(err)
		}
		j := job.Job{Plan: job.Plan{Settings: map[string]string{"queue": tt.sent}}}
		if was, other := elsewhere(j, now); other != tt.want || was != tt.sent {
			t.Errorf("%s: %q, %v; want %v", tt.name, was, other, tt.want)
		}
	}
}
