package cli_test

import (
	"bufio"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheLastScrapeOfADrain scrapes a drain twice and then only when it waits for
// that: nothing is pending, and the drain ends.
func TestTheLastScrapeOfADrain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.enqueueDemo().end(0)
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "worker"), append(s.where, "--drain", "--metrics-listen", "127.0.0.1:0")...)
	cmd.Dir, cmd.Env = s.dir, s.env()
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, last := "", ""
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		switch {
		case strings.Contains(lines.Text(), "serving /metrics"):
			address = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindString(lines.Text())
			scrape(t, address)
			scrape(t, address)
		case strings.Contains(lines.Text(), "waiting for the last scrape"):
			last = scrape(t, address)
		}
	}
	_ = cmd.Wait() // its exit code says more
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("it ended with %d, want 3", code)
	}
	if !regexp.MustCompile(`(?m)^relock_job_targets\{.*state="pending"\} 0$`).MatchString(last) {
		t.Errorf("the last scrape does not say that nothing is pending:\n%.300s", last)
	}
}

func scrape(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
