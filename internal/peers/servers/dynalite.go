package servers

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Dynalite is a DynamoDB whose tables are in a folder, so that it can be killed and
// started again.
type Dynalite struct {
	t    testing.TB
	dir  string
	port string
	cmd  *exec.Cmd
	in   io.Closer
}

// StartDynaliteIn starts dynalite with its tables in dir, until the end of the
// test.
func StartDynaliteIn(t testing.TB, dir string) *Dynalite {
	t.Helper()
	wanted(t)
	if _, err := os.Stat(Dir(t) + "/node_modules/dynalite/package.json"); err != nil {
		missing(t, "dynalite", nodeParts)
	}
	d := &Dynalite{t: t, dir: dir, port: "0"}
	t.Cleanup(d.Kill)
	d.Start()
	return d
}

// URL is its address, the same after another start.
func (d *Dynalite) URL() string { return "http://127.0.0.1:" + d.port }

// Start starts it after a Kill.
func (d *Dynalite) Start() {
	d.t.Helper()
	text, err := os.ReadFile(file(d.t, "dynalite", "test/peers/dynalite.mjs"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.cmd = exec.Command(node(d.t, Dir(d.t)), "--input-type=module", "-e", string(text))
	d.cmd.Dir, d.cmd.Stderr = Dir(d.t), os.Stderr
	d.cmd.Env = append(environ(), "DYNALITE_PATH="+d.dir, "DYNALITE_PORT="+d.port)
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		d.t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		d.t.Fatalf("starting dynalite: %v", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		d.t.Fatalf("dynalite did not say where it listens: %v", err)
	}
	d.port = line[strings.LastIndexByte(line, ':')+1 : len(line)-1]
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
}

// Kill ends it as a power cut would, but for what the kernel has been told.
func (d *Dynalite) Kill() {
	if d.cmd == nil || d.cmd.Process == nil {
		return
	}
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait() // an error: it was killed
	_ = d.in.Close()
	d.cmd = nil
}
