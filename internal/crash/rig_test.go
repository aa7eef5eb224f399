//go:build crash

package crash

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"relock/internal/peers/servers"
)

const (
	pool      = "eu-west-1_Crash0001"
	queueName = "crash"
	// Short, so that a kill costs seconds; the lease has to outlast two calls.
	visibility  = 2 * time.Second
	callTimeout = time.Second
	lease       = 3 * time.Second
)

// rig is a run of one set-up: a sandbox, a queue, a ledger, and the programs.
type rig struct {
	t     *testing.T
	rnd   *rand.Rand
	dir   string
	bin   string
	setup setup
	url   string // the sandbox
	proc  *exec.Cmd
	env   []string

	starts  int // worker processes so far
	halts   int // workers that ended because the ledger was too slow
	targets []string
	dynamo  string // the address of DynamoDB, where the set-up has it

	dynalite *servers.Dynalite // where the test kills it
	history  History
	cognito  *cip.Client // the users' own calls
}

// newRig starts the sandbox and whatever the set-up needs.
func newRig(t *testing.T, s setup, seed uint64) *rig {
	t.Helper()
	r := &rig{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), dir: keptDir(t), bin: programs(t), setup: s}
	r.startSandbox(seed)
	r.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir,
		"AWS_ENDPOINT_URL=" + r.url, "AWS_REGION=eu-west-1", "AWS_SECRET_ACCESS_KEY=crash",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}
	r.cognito = cip.New(cip.Options{
		Region: "eu-west-1", BaseEndpoint: &r.url,
		Credentials: credentials.NewStaticCredentialsProvider(harness, "secret", ""),
	})
	if s.prepare != nil {
		s.prepare(r)
	}
	return r
}

// keptDir is a folder that stays where the test fails.
func keptDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "relock-crash-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the sandbox's log, the ledger and what the workers said are in %s", dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

var (
	buildOnce sync.Once
	buildDir  string
	errBuild  error
)

// programs builds the real programs, once, unless -bin names them.
func programs(t *testing.T) string {
	t.Helper()
	if *binFlag != "" {
		return *binFlag
	}
	buildOnce.Do(func() {
		if buildDir, errBuild = os.MkdirTemp("", "relock-crash-"); errBuild != nil {
			return
		}
		build := exec.Command("go", "build", "-o", buildDir+"/", "./cmd/...")
		build.Dir = "../.."
		var out []byte
		if out, errBuild = build.CombinedOutput(); errBuild != nil {
			errBuild = fmt.Errorf("building the programs: %w\n%s", errBuild, out)
		}
	})
	if errBuild != nil {
		t.Fatal(errBuild)
	}
	return buildDir
}

func (r *rig) startSandbox(seed uint64) {
	r.t.Helper()
	args := []string{
		"serve", "--listen", "127.0.0.1:0", "--log", r.path("calls.jsonl"), "--seed", fmt.Sprint(seed),
		"--pool", pool + ",email=DEVELOPER,on-demand=user-[0-9]{7}",
		"--queue", queueName + ":2:20",
		"--quota", "UserAccountRecovery=unlimited", "--quota", "UserRead=unlimited", "--quota", "UserUpdate=unlimited",
		"--fault", "latency@cognito-idp=1,uniform:2ms:20ms",
		"--fault", "latency@sqs=1,uniform:1ms:5ms",
		"--fault", "reset-after@cognito-idp." + opReset + "=0.02",
		"--fault", "reset-after@cognito-idp." + opSignOut + "=0.02",
		"--fault", "duplicate@sqs=0.05",
	}
	cmd := exec.Command(filepath.Join(r.bin, "sandbox"), args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.t.Fatalf("starting the sandbox: %v", err)
	}
	r.proc = cmd
	r.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			r.url = url
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	r.t.Fatal("the sandbox did not say where it listens")
}

// stopSandbox ends it, so that its log is complete, and reads the log.
func (r *rig) stopSandbox() {
	r.t.Helper()
	_ = r.proc.Process.Signal(syscall.SIGTERM)
	if err := r.proc.Wait(); err != nil {
		r.t.Fatalf("stopping the sandbox: %v", err)
	}
	f, err := os.Open(r.path("calls.jsonl"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	if r.history.Calls, err = ReadCalls(f); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

// inspect reads what the sandbox shows at a path below /_sandbox/.
func (r *rig) inspect(ctx context.Context, path string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/_sandbox/"+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

// calls is how many resets a caller has been answered.
func (r *rig) calls(caller string) int {
	r.t.Helper()
	var v struct {
		Calls []struct {
			Operation, Caller string
			Count             int
		}
	}
	if err := r.inspect(r.t.Context(), "calls", &v); err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for _, c := range v.Calls {
		if c.Operation == opReset && c.Caller == caller {
			n += c.Count
		}
	}
	return n
}

// program makes the command of one of ours, with an access key of its own.
func (r *rig) program(name, key string, out io.Writer, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(r.bin, name), args...)
	cmd.Env = append(r.env[:len(r.env):len(r.env)], "AWS_ACCESS_KEY_ID="+key)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.dir, out, out
	return cmd
}

func (r *rig) places() []string {
	return []string{"--user-pool-id", pool, "--queue", r.setup.queue(r), "--ledger", r.setup.ledger(r)}
}

// enqueue sends a list, and is killed once on the way.
func (r *rig) enqueue(job string, users []string) {
	r.t.Helper()
	list := r.path(job + ".csv")
	if err := os.WriteFile(list, []byte("username\n"+strings.Join(users, "\n")+"\n"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	args := append(r.places(), "--job", job, "--sample", "0", "--yes", "--max-users", fmt.Sprint(len(users)))
	if r.setup.createTable {
		args = append(args, "--create-table")
	}
	if r.setup.signOut {
		args = append(args, "--sign-out")
	}
	args = append(args, list)
	var out bytes.Buffer
	first := r.program("enqueue", "ENQUEUE", &out, args...)
	if err := first.Start(); err != nil {
		r.t.Fatal(err)
	}
	time.Sleep(time.Duration(r.rnd.Int64N(int64(400 * time.Millisecond)))) //nolint:gosec // when to kill is the point
	_ = first.Process.Kill()
	_ = first.Wait()
	out.Reset()
	// The first may have been done already: then the job just goes on.
	if err := r.program("enqueue", "ENQUEUE", &out, args...).Run(); err != nil {
		r.t.Fatalf("enqueue: %v\n%s", err, &out)
	}
	r.targets = append(r.targets, users...)
	if r.setup.copies != nil {
		r.setup.copies(r, job, users)
	}
}

// proc is a worker process.
type proc struct {
	key  string
	cmd  *exec.Cmd
	out  bytes.Buffer
	done chan struct{} // closed when it has ended
	err  error
}

// work starts a worker.
func (r *rig) work(flags ...string) *proc {
	r.t.Helper()
	r.starts++
	p := &proc{key: fmt.Sprintf("WORKER%04d", r.starts), done: make(chan struct{})}
	args := append(r.places(), "--drain", "--metrics-listen", "off",
		"--rate", fmt.Sprint(*rateFlag), "--sign-out-rate", fmt.Sprint(*rateFlag), "--force", "rate_over_quota", "--visibility", visibility.String(),
		"--call-timeout", callTimeout.String(), "--claim-lease", cmp.Or(r.setup.lease, lease).String())
	p.cmd = r.program("worker", p.key, &p.out, append(args, flags...)...)
	if err := p.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		// Only for whoever looks into a failure.
		_ = os.WriteFile(r.path(p.key+".log"), p.out.Bytes(), 0o600)
		close(p.done)
	}()
	r.t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.done })
	return p
}

// ended reports whether the worker has ended by itself.
func (p *proc) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// exit is the exit code of a worker that has ended; -1 if it was killed.
func (p *proc) exit() int {
	<-p.done
	if err, ok := errors.AsType[*exec.ExitError](p.err); ok {
		return err.ExitCode()
	}
	return 0
}

func (p *proc) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }
