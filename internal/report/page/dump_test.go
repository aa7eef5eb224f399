package page_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/report"
	"relock/internal/report/page"
)

var dump = flag.String("dump", "", "write pages with samples into this folder, for test/chromium")

// TestDump writes what a browser is to look at.
func TestDump(t *testing.T) {
	if *dump == "" {
		t.Skip("no -dump FOLDER: test/chromium/run gives it")
	}
	hostile := withUsers(evidence(), nil, hostileUsers()...)
	hostile.Job.Reason = hostileText
	hostile.Job.ID = "j" + strings.Repeat("x", 80)
	empty := report.Evidence{Version: "v1.2.0", Made: night, Job: job.Job{ID: "empty", State: job.StateStaging}}
	for name, e := range map[string]report.Evidence{"evidence": evidence(), "hostile": hostile, "empty": empty} {
		write(t, name, []byte(render(t, e)))
	}
	halted := live()
	halted.Run.Halt = &job.Halt{Reason: job.HaltAccessDenied, Code: "AccessDeniedException", Since: night.Add(24 * time.Minute)}
	standby := live()
	standby.Active, standby.Samples = "worker-0:1:ABCDEFGHIJ", nil
	standby.Theirs = &page.Theirs{At: night.Add(25 * time.Minute), Pace: 16.4, Budget: 24, Throttled: 61, InFlight: 3}
	for name, l := range map[string]page.Live{"status": live(), "status-halted": halted, "status-standby": standby, "status-empty": {Version: "v1.2.0", Now: night}} {
		text, err := page.Status(l)
		if err != nil {
			t.Fatal(err)
		}
		write(t, name, text)
	}
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(*dump, name+".html"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func render(t *testing.T, e report.Evidence) string {
	t.Helper()
	var b strings.Builder
	if err := page.Evidence(&b, e); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostileText is what somebody may write where people write freely.
const hostileText = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(2)>\"' onload=alert(3) {{.}} " +
	"javascript:alert(4) \u202egnp.exe\u202c \u200b\u2066 \x00\x1b[31m שלום ناصر &amp; <!-- -->"

func hostileUsers() []report.User {
	names := []string{hostileText, `=HYPERLINK("http://evil","x")`, `o'brien "q" \back\`, "ana@example.com", "ناصر.العربي", "\u202eevil\u202c", "zero\u200bwidth", "a\tb\nc", strings.Repeat("long", 32)}
	var users []report.User
	for i, n := range names {
		users = append(users, report.User{List: "users.csv", Line: int64(i + 2), Username: job.Username(n), Outcome: job.UserNotFound, Code: "UserNotFoundException", At: night, RequestID: "7f3b1c2e-0000-4000-8000-00000000000" + string(rune('0'+i))})
	}
	return users
}
