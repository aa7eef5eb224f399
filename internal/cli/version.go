package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"

	"relock/internal/telemetry"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/urfave/cli/v3"
)

// buildJSON is which build this is, for --version --json; the metric
// relock_build_info has the same.
type buildJSON struct {
	Event    string `json:"event"` // version
	Program  string `json:"program"`
	Version  string `json:"version"`
	Revision string `json:"revision"` // the commit
	Date     string `json:"date"`     // of the commit
	Go       string `json:"goversion"`
}

var ourBuild = sync.OnceValue(func() buildJSON {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info)
})

// buildOf is what the build information says, which may be nil; unknown where it was
// built without a checkout.
func buildOf(info *debug.BuildInfo) buildJSON {
	b := buildJSON{Event: "version", Version: "unknown", Revision: "unknown", Date: "unknown", Go: runtime.Version()}
	if info == nil {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Date = s.Value
		}
	}
	switch v := info.Main.Version; {
	case v != "" && v != "(devel)":
		b.Version = v
	case len(b.Revision) >= 12:
		b.Version = "devel-" + b.Revision[:12]
	default:
		b.Version = "devel"
	}
	return b
}

// ourVersion is a module version, or devel and the commit.
func ourVersion() string { return ourBuild().Version }

// buildInfo is the metric of the build.
func buildInfo() prometheus.Collector {
	b := ourBuild()
	return telemetry.BuildInfo(b.Version, b.Revision, b.Date)
}

// asksVersion reports whether a command line asks for the version alone, and whether
// as JSON.
func asksVersion(args []string) (machine, ok bool) {
	for _, a := range args[min(1, len(args)):] {
		switch a {
		case "--version", "-v":
			ok = true
		case "--" + flagJSON:
		default:
			return false, false
		}
	}
	return asksJSON(args), ok
}

func sayVersion(w io.Writer, program string, machine bool) int {
	b := ourBuild()
	b.Program = program
	if !machine {
		say(w, "%s\n", b.text())
		return ExitOK
	}
	if writeJSON(w, b) != nil {
		return ExitError
	}
	return ExitOK
}

func (b buildJSON) text() string {
	return fmt.Sprintf("%s version %s (commit %s, %s, %s)", b.Program, b.Version, b.Revision, b.Date, b.Go)
}

// The flag library asks for the version where it stands beside other flags.
func init() {
	cli.VersionPrinter = func(cmd *cli.Command) { sayVersion(cmd.Root().Writer, cmd.Root().Name, cmd.Bool(flagJSON)) }
}
