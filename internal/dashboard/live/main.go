// Command live shows that the dashboard and the alerts work, with a real Prometheus.
// It starts the sandbox, an active and a standby worker, a scheduled run that pushes
// to a Pushgateway, and Prometheus with the rules, all on free loopback ports and in
// a temporary folder. Then it injects throttles, failures, dead letters and a halt,
// waits for the four alerts that have to fire, asks Prometheus for every query of
// the dashboard, and says so where a panel is empty or another alert fired.
//
// It needs prometheus and prometheus-pushgateway (Debian's packages of that name),
// and takes about ten minutes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// expected are the alerts that have to fire, and no other may.
var expected = []string{"RelockDeadLetters", "RelockFailureRatioHigh", "RelockHalted", "RelockThrottleRatioHigh"}

func main() {
	bin := flag.String("bin", "bin", "`FOLDER` of the programs, as `make build` leaves it")
	files := flag.String("dashboards", "dashboards", "`FOLDER` of relock.json and rules/")
	keep := flag.Bool("keep", false, "leave the temporary folder, with all logs")
	within := flag.Duration("within", 20*time.Minute, "give up after this `TIME`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *within)
	err := run(ctx, *bin, *files, *keep)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, files string, keep bool) (err error) {
	s, err := newScene(ctx, bin, files)
	if err != nil {
		return err
	}
	defer func() {
		s.crew.stop()
		switch {
		case keep || err != nil:
			fmt.Println("logs are in", s.dir)
		default:
			err = os.RemoveAll(s.dir)
		}
	}()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"the sandbox, Prometheus and a Pushgateway", s.startServers},
		{"a scheduled run", s.scheduledRun},
		{"a job, and dead letters", s.enqueue},
		{"an active and a standby worker", s.startWorkers},
		{"a while in which all is well", s.quiet},
		{"throttles, failures, lost replies", s.faults},
		{"a halt", s.halt},
		{"every query of the dashboard", s.walk},
		{"the halt is mended", s.resume},
		{"what has fired", s.verdict},
	} {
		fmt.Printf("%4.0f s  %s\n", time.Since(s.begun).Seconds(), step.name)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	fmt.Printf("%4.0f s  done\n", time.Since(s.begun).Seconds())
	return nil
}

// quiet: nothing fires before a fault is injected, the dead letters aside.
func (s *scene) quiet(ctx context.Context) error {
	if err := s.until(ctx, 2*time.Minute, "an active and a standby worker", func(ctx context.Context) (bool, error) {
		n, err := s.prom.number(ctx, `count(relock_active) * 10 + sum(relock_active)`)
		return n == 21, err
	}); err != nil {
		return err
	}
	if err := s.until(ctx, 3*time.Minute, "300 outcomes", func(ctx context.Context) (bool, error) {
		n, err := s.prom.number(ctx, `sum(relock_users_total{instance!=""})`)
		return n >= 300, err
	}); err != nil {
		return err
	}
	fired, err := s.prom.fired(ctx)
	if err != nil {
		return err
	}
	if rest := slices.DeleteFunc(fired, func(a string) bool { return a == "RelockDeadLetters" }); len(rest) > 0 {
		return fmt.Errorf("before any fault, %s fired", strings.Join(rest, ", "))
	}
	return nil
}

// faults: three alerts fire.
func (s *scene) faults(ctx context.Context) error {
	if err := s.setFaults(ctx,
		"latency@cognito-idp=1,lognormal:80ms:0.4",
		"throttle@cognito-idp.AdminResetUserPassword=0.15",
		"lambda-reject@cognito-idp.AdminResetUserPassword=0.05",
		"reset-after@cognito-idp.AdminResetUserPassword=0.02",
		"batch-fail@sqs.DeleteMessageBatch=0.05",
	); err != nil {
		return err
	}
	return s.until(ctx, 10*time.Minute, "the alerts of the faults", func(ctx context.Context) (bool, error) {
		return s.firing(ctx, "RelockDeadLetters", "RelockFailureRatioHigh", "RelockThrottleRatioHigh")
	})
}

// halt: the permission is gone.
func (s *scene) halt(ctx context.Context) error {
	if err := s.setFaults(ctx, "access-denied@cognito-idp=1"); err != nil {
		return err
	}
	if err := s.until(ctx, 5*time.Minute, "RelockHalted", func(ctx context.Context) (bool, error) {
		return s.firing(ctx, "RelockHalted")
	}); err != nil {
		return err
	}
	return s.prom.runbook(ctx, "RelockHalted")
}

// resume: the halt is mended, and the alert goes.
func (s *scene) resume(ctx context.Context) error {
	if err := s.setFaults(ctx, "latency@cognito-idp=1,lognormal:80ms:0.4"); err != nil {
		return err
	}
	if err := s.crew.once(ctx, "resume", s.program("job"), "resume", "--user-pool-id", pool, "--ledger", s.ledger); err != nil {
		return err
	}
	return s.until(ctx, 2*time.Minute, "the end of RelockHalted", func(ctx context.Context) (bool, error) {
		still, err := s.firing(ctx, "RelockHalted")
		return !still, err
	})
}

func (s *scene) firing(ctx context.Context, want ...string) (bool, error) {
	now, err := s.prom.firing(ctx)
	if err != nil {
		return false, err
	}
	for _, a := range want {
		if !slices.Contains(now, a) {
			return false, nil
		}
	}
	return true, nil
}

// verdict: these alerts fired, and no other, in the whole run.
func (s *scene) verdict(ctx context.Context) error {
	fired, err := s.prom.fired(ctx)
	if err != nil {
		return err
	}
	fmt.Println("        fired:", strings.Join(fired, ", "))
	if err := s.figures(ctx); err != nil {
		return err
	}
	if !slices.Equal(fired, expected) {
		return fmt.Errorf("fired: %s; want %s", strings.Join(fired, ", "), strings.Join(expected, ", "))
	}
	return nil
}

// figures prints what the run was like.
func (s *scene) figures(ctx context.Context) error {
	for _, f := range []struct{ name, query, form string }{
		{"outcomes", `sum(relock_users_total{instance!=""})`, "%.0f"},
		{"failed share, at most", `max_over_time(job:relock_failures:ratio_rate10m[1h])`, "%.3f"},
		{"throttled share, at most", `max_over_time(job:relock_throttles:ratio_rate5m[1h])`, "%.3f"},
		{"sessions ended", `sum(relock_sign_outs_total{instance!="", state="done"})`, "%.0f"},
		{"reset again in doubt", `sum(relock_repeated_total)`, "%.0f"},
		{"dead letters", `max(relock_dead_letter_messages)`, "%.0f"},
		{"series of Relock", `count({__name__=~"relock_.*"})`, "%.0f"},
	} {
		n, err := s.prom.number(ctx, f.query)
		if err != nil {
			return err
		}
		fmt.Printf("        %-26s "+f.form+"\n", f.name, n)
	}
	return nil
}

// until asks every few seconds, as Prometheus does.
func (s *scene) until(ctx context.Context, most time.Duration, what string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("no %s within %v", what, most))
	defer cancel()
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		if err := s.crew.dead(); err != nil {
			return err
		}
		ok, err := done(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !errors.Is(err, errEmpty) {
			return err
		}
		if ok {
			fmt.Printf("%4.0f s    %s\n", time.Since(s.begun).Seconds(), what)
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func (s *scene) program(name string) string { return filepath.Join(s.bin, name) }
