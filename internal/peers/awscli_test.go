package peers

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"relock/internal/peers/servers"
)

// TestAWSCLI calls `sandbox serve` with a client that we did not write, as
// docs/sandbox.md shows it.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	program := servers.AWSCLI(t)
	const pool = "eu-west-1_AbCdEf123"
	s := newShell(t)
	line, stop := s.serve("listening on ", filepath.Join(programs(t), "sandbox"), "serve", "--listen", "127.0.0.1:0",
		"--queue", "jobs:2m:20", "--pool", pool+",alias=email")
	url := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	queue := url + "/123456789012/jobs"

	// Version 1 ignores AWS_ENDPOINT_URL for SQS, so the flag it is.
	aws := func(code int, args ...string) string {
		t.Helper()
		return s.must(code, program, append([]string{"--endpoint-url", url, "--output", "json"}, args...)...)
	}
	in := func(text, path string) string {
		t.Helper()
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for name := range strings.SplitSeq(path, "/") {
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("there is no %s in %s", path, text)
			}
			v = m[name]
		}
		got, _ := v.(string)
		return got
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}

	want("account", in(aws(0, "sts", "get-caller-identity"), "Account"), "123456789012")
	want("MD5 of the message", in(aws(0, "sqs", "send-message", "--queue-url", queue, "--message-body", "hello"), "MD5OfMessageBody"), "5d41402abc4b2a76b9719d911017c592")
	attributes := aws(0, "sqs", "get-queue-attributes", "--queue-url", queue, "--attribute-names", "All")
	want("messages", in(attributes, "Attributes/ApproximateNumberOfMessages"), "1")
	want("visibility", in(attributes, "Attributes/VisibilityTimeout"), "120")
	want("redrive", in(attributes, "Attributes/RedrivePolicy"), `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:jobs-dlq","maxReceiveCount":20}`)

	user := []string{"--user-pool-id", pool, "--username", "ana"}
	idp := func(code int, operation string, args ...string) string {
		t.Helper()
		return aws(code, append(append([]string{"cognito-idp", operation}, user...), args...)...)
	}
	want("new user", in(idp(0, "admin-create-user", "--message-action", "SUPPRESS", "--user-attributes",
		"Name=email,Value=ana@example.com", "Name=email_verified,Value=true"), "User/UserStatus"), "FORCE_CHANGE_PASSWORD")
	if _, code := s.run(program, append([]string{"--endpoint-url", url, "cognito-idp", "admin-reset-user-password"}, user...)...); code < 254 {
		t.Errorf("resetting a user who never signed in: exit code %d, want 254 (version 2) or 255 (version 1)", code)
	}
	idp(0, "admin-set-user-password", "--password", password, "--permanent")
	idp(0, "admin-reset-user-password", "--client-metadata", "case=INC-1123")
	want("user after the reset", in(idp(0, "admin-get-user"), "UserStatus"), "RESET_REQUIRED")

	if code := stop(); code != 0 {
		t.Errorf("the sandbox ends with %d, want 0", code)
	}
}
