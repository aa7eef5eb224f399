package peers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"relock/internal/peers/servers"
	"relock/internal/sandbox/demo"
)

// TestPromtool has promtool check the metrics of a worker that has finished the
// demo's job, and goes on as a service.
func TestPromtool(t *testing.T) {
	t.Parallel()
	program := servers.Promtool(t)
	bin := programs(t)
	x, url := newSandbox(t)
	if err := x.SQS().CreateWithDeadLetters("relock", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.AddPool(x.Cognito()); err != nil {
		t.Fatal(err)
	}
	s := newShell(t, "AWS_ENDPOINT_URL="+url)
	where := []string{"--user-pool-id", demo.PoolID, "--queue", url + x.SQS().Path("relock"), "--ledger", "file:ledger"}
	list := filepath.Join(servers.Root(t), "examples", "users.csv")
	s.must(0, filepath.Join(bin, "enqueue"), append(where, "--sample", "0", "--yes", "--max-users", "1000", list)...)
	line, stop := s.serve("serving /metrics", filepath.Join(bin, "worker"), append(where, "--rate", "300", "--force", "rate_over_quota", "--metrics-listen", "127.0.0.1:0")...)
	address := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindString(line)

	targets := 0
	for _, p := range demo.Parts() {
		if p.Kind != demo.Duplicate {
			targets += p.Rows
		}
	}
	text := ""
	for end := time.Now().Add(time.Minute); ; {
		if text = scrape(t, "http://"+address+"/metrics"); total(t, text, "relock_users_total") == targets {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d users have an outcome after a minute, want %d", total(t, text, "relock_users_total"), targets)
		}
		time.Sleep(50 * time.Millisecond) // between polls
	}
	cmd := exec.CommandContext(t.Context(), program, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
	if code := stop(); code != 0 {
		t.Errorf("the worker ends with %d, want 0", code)
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
	return string(b)
}

// total adds up a counter over its labels.
func total(t *testing.T, text, name string) int {
	t.Helper()
	sum := 0
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+"{"); ok {
			_, value, _ := strings.Cut(rest, "} ")
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				t.Fatal(fmt.Errorf("reading %s: %w", name, err))
			}
			sum += n
		}
	}
	return sum
}
