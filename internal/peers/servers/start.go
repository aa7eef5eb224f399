package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// startLimit is how long a server may take to answer. moto, which imports half a
// cloud, takes 2 s on an idle machine.
const startLimit = 60 * time.Second

// address is what the servers print once they listen.
var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// start runs a server until the end of the test, and returns the address that it
// prints, once it answers there.
func start(t testing.TB, name, dir, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()

	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, environ()
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe() // each ends when this does, even if the test is killed
	if err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	out := &output{found: make(chan string, 1)}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	_ = write.Close()
	var reader sync.WaitGroup
	reader.Go(func() { out.read(read) })
	t.Cleanup(func() {
		_ = stdin.Close()
		killGroup(cmd)
		_ = cmd.Wait() // an error: it was killed
		reader.Wait()
		_ = read.Close()
		if t.Failed() {
			t.Logf("%s said last:\n%s", name, out.tail())
		}
	})

	select {
	case url := <-out.found:
		if err := answers(ctx, url); err != nil {
			t.Fatalf("starting %s: %v", name, err)
		}
		return url
	case <-out.ended(&reader):
		t.Fatalf("starting %s: it ended at once:\n%s", name, out.tail())
	case <-ctx.Done():
		t.Fatalf("starting %s: no address after %v:\n%s", name, startLimit, out.tail())
	}
	return ""
}

// environ is this process's environment without what would send a server's calls
// elsewhere, or change what it answers.
func environ() []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch {
		case strings.HasPrefix(name, "AWS_"), strings.HasPrefix(name, "MOTO_"), strings.HasPrefix(name, "FAUXQS_"),
			strings.HasSuffix(strings.ToUpper(name), "_PROXY"), name == "NODE_OPTIONS":
		default:
			env = append(env, e)
		}
	}
	return append(env, "PYTHONUNBUFFERED=1")
}

// answers waits until the server answers any HTTP request at all.
func answers(ctx context.Context, url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("no answer at %s", url), err)
		case <-time.After(wait):
		}
	}
}

// output keeps the end of what a server says, and finds its address there.
type output struct {
	found chan string // receives the first address

	mu    sync.Mutex
	lines []string
}

const keptLines = 40

func (o *output) read(r io.Reader) {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, 1<<20)
	seen := false
	for scan.Scan() {
		line := scan.Text()
		if url := address.FindString(line); url != "" && !seen {
			seen = true
			o.found <- url
		}
		o.mu.Lock()
		o.lines = append(o.lines[max(0, len(o.lines)-keptLines+1):], line)
		o.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, r) // after a line that is too long, so that the server never waits for us
}

// ended is closed when nothing more will be said.
func (o *output) ended(reader *sync.WaitGroup) <-chan struct{} {
	done := make(chan struct{})
	go func() { reader.Wait(); close(done) }()
	return done
}

func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.lines, "\n")
}
