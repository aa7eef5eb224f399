package leader

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// child starts a process that does nothing, and names it.
func child(t *testing.T) (*exec.Cmd, *process) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p := *thisProcess()
	p.PID = cmd.Process.Pid
	st, err := readStat(p.PID)
	if err != nil {
		t.Fatal(err)
	}
	p.Start = st.start
	return cmd, &p
}

func TestProcessGone(t *testing.T) {
	t.Parallel()
	self := thisProcess()
	if self == nil || self.PID != os.Getpid() {
		t.Fatalf("this process is %+v", self)
	}
	if self.gone(self) {
		t.Error("this process is gone")
	}
	cmd, p := child(t)
	check := func(when string, p process, want bool) {
		t.Helper()
		if got := p.gone(self); got != want {
			t.Errorf("%s: gone is %v, want %v", when, got, want)
		}
	}
	check("it runs", *p, false)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	check("it is stopped", *p, false)

	other := *p
	other.Start++
	check("the PID is another's now", other, true)

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if st, err := readStat(p.PID); err != nil || st.state == 'Z' {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the child does not die")
		}
	}
	check("it is a zombie", *p, true)
	_ = cmd.Wait() // killed
	check("it is dead", *p, true)

	for when, change := range map[string]func(*process){
		"another boot":              func(p *process) { p.Boot = "b" },
		"another PID namespace":     func(p *process) { p.Space = "pid:[1]" },
		"written by nobody we know": func(p *process) { p.PID, p.Start = 0, 0 },
	} {
		other := *p
		change(&other)
		check(when, other, false)
	}
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	const rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 7 18 12345 20 21"
	for text, want := range map[string]stat{
		"42 (worker)" + rest:        {'S', 7, 12345},
		"42 (a) Z 1 (b))" + rest:    {'S', 7, 12345},
		"42 (worker) S 1 2":         {},
		"":                          {},
		"42 (worker) S" + "  x":     {},
		"42 worker" + rest + ")":    {},
		"42 (worker) SS" + rest[2:]: {},
	} {
		got, err := parseStat(text)
		if got != want && err == nil || (want == stat{}) != (err != nil) {
			t.Errorf("parseStat(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
}
