package cli

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/report"
)

const openHelp = `Says by outcome how many users can still sign in with the password of before, why,
and what to do about it; and how many sessions nothing has ended, for a reset ends
none. With --list it names them, as a list that enqueue takes.`

func openFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "list", Usage: "name the users: CSV, or with --json a JSON object each", Sources: env("list"), Category: "Output"},
		&cli.BoolFlag{Name: "sessions", Usage: "with --list: also those whose password no longer works and whose sessions live on", Sources: env("sessions"), Category: "Output"},
	}
}

// openJSON says who can still sign in.
type openJSON struct {
	Event          string          `json:"event"` // still_open
	Job            string          `json:"job"`
	State          job.State       `json:"state"`
	Targets        int64           `json:"targets"`
	CanSignIn      int64           `json:"can_sign_in"`
	Perhaps        int64           `json:"perhaps"`
	Unlisted       int64           `json:"unlisted,omitempty"`
	Groups         []openGroupJSON `json:"groups"`
	SessionsLive   int64           `json:"sessions_live"`
	SessionsEnded  int64           `json:"sessions_ended"`
	SignOutAsked   bool            `json:"sign_out_asked"`
	SignOutPending int64           `json:"sign_out_pending"`
	SignOutFailed  int64           `json:"sign_out_failed"`
}

type openGroupJSON struct {
	Outcome   string           `json:"outcome"` // or pending
	N         int64            `json:"n"`
	CanSignIn report.CanSignIn `json:"can_sign_in"`
	InDoubt   int64            `json:"in_doubt"`
	Why       string           `json:"why"`
	Remedy    string           `json:"remedy,omitempty"`
}

func (j *jobCommand) stillOpen(ctx context.Context, cmd *cli.Command, led Ledger) error {
	jb, err := theOne(ctx, cmd, led)
	if err != nil {
		return err
	}
	if cmd.Bool("list") {
		return j.entries(ctx, cmd, led, report.Open(cmd.Bool("sessions")))
	}
	if cmd.Bool("sessions") {
		return usage("--sessions goes with --list")
	}
	s, err := report.ReadStillOpen(ctx, led, jb.ID)
	if err != nil {
		return err
	}
	if cmd.Bool(flagJSON) {
		return writeJSON(j.s.Out, openDocument(s))
	}
	sayOpen(j.s.Out, s, atLedger(cmd))
	return nil
}

func openDocument(s report.StillOpen) openJSON {
	v := openJSON{
		Event: "still_open", Job: s.Job.ID, State: s.Job.State, Targets: s.Targets,
		CanSignIn: s.Yes, Perhaps: s.Perhaps, Unlisted: s.Unlisted, Groups: []openGroupJSON{},
		SessionsLive: s.Lives, SessionsEnded: s.Ended, SignOutAsked: s.Job.Policy.SignOut,
		SignOutPending: s.SignOutPending, SignOutFailed: s.SignOutFailed,
	}
	for _, g := range s.Groups {
		v.Groups = append(v.Groups, openGroupJSON{outcomeName(g.Outcome), g.N, g.Access.CanSignIn, g.InDoubt, g.Access.Why, g.Access.Remedy})
	}
	return v
}

func outcomeName(o job.Outcome) string {
	if o == "" {
		return "pending"
	}
	return string(o)
}

// sayOpen writes for people, wrapped for a terminal; at is the flag that finds the
// ledger.
func sayOpen(w io.Writer, s report.StillOpen, at string) {
	line := func(indent, format string, args ...any) { sayWrapped(w, indent, format, args...) }
	line("", "Job %s (%s): of %s, %d can still sign in with the old password, and %d perhaps.", s.Job.ID, s.Job.State, users(s.Targets), s.Yes, s.Perhaps)
	for _, g := range s.Groups {
		say(w, "\n%8d  %s\n", g.N, outcomeName(g.Outcome))
		line("          ", "%s.", sentence(g.Access.Why))
		if g.Access.Remedy != "" {
			line("          ", "To do: %s.", g.Access.Remedy)
		}
		if g.InDoubt > 0 {
			line("          ", "%d of them may have been reset: a call was never answered.", g.InDoubt)
		}
	}
	if s.Unlisted > 0 {
		say(w, "\n%8d  not in the ledger\n", s.Unlisted)
		line("          ", "The job was cancelled after an enqueue that was interrupted: these users of the list were never written down, and nobody has touched them.")
		line("          ", "To do: run the list again as a job of its own.")
	}
	say(w, "\n")
	line("", "A reset ends no session. Those of %s live on until their tokens expire; those of %d were ended by a sign-out or because the user is disabled.", users(s.Lives), s.Ended)
	switch {
	case !s.Job.Policy.SignOut:
		line("", "The job did not ask for it: enqueue --sign-out does.")
	case s.SignOutPending+s.SignOutFailed > 0:
		line("", "%s still to come, and %d failed.", number.Of(s.SignOutPending, "sign-out is", "sign-outs are"), s.SignOutFailed)
	}
	if s.Yes+s.Perhaps > 0 {
		line("", "Who they are: job still-open --list%s %s", at, s.Job.ID)
	}
}

// sentence begins a text with a capital letter.
func sentence(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
