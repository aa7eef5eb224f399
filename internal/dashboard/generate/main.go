// Command generate writes the files under dashboards/: the Grafana dashboard and
// the rules of Prometheus.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"relock/internal/dashboard"
	"relock/internal/file"
)

func main() {
	out := flag.String("o", "dashboards", "`FOLDER` to write to")
	runbook := flag.String("runbook", dashboard.DefaultRunbook, "`URL` of docs/runbook.md where those on call can read it; defaults to where Prometheus serves it with --web.user-assets=docs")
	flag.Parse()
	if err := write(*out, *runbook); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(dir, runbook string) error {
	files, err := dashboard.Files(runbook)
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // nothing secret
			return err
		}
		if err := file.Write(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
