package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"
)

// helpWidth is that of the terminal that everybody has.
const helpWidth = 80

// The flag library has one place where the form of its help can be changed.
func init() { cli.HelpPrinter = printHelp }

// printHelp writes a command's help.
func printHelp(w io.Writer, _ string, data any) {
	cmd, ok := data.(*cli.Command)
	if !ok {
		return
	}
	say(w, "%s - %s\n\nUSAGE\n   %s\n", cmd.FullName(), cmd.Usage, usageLine(cmd))
	if cmd.Description != "" {
		say(w, "\n%s\n", paragraphs(cmd.Description))
	}
	if commands := cmd.VisibleCommands(); len(commands) > 0 {
		say(w, "\nCOMMANDS\n")
		rows := make([][2]string, 0, len(commands))
		for _, c := range commands {
			if c.Name != "help" {
				rows = append(rows, [2]string{c.Name, c.Usage})
			}
		}
		table(w, rows)
		say(w, "\n`%s COMMAND --help` says more.\n", cmd.FullName())
	}
	helpFlags(w, cmd)
}

// paragraphs breaks the running text of a description anew; lines that are indented
// stay as they are, and so does a heading in capitals.
func paragraphs(text string) string {
	var out, run []string
	flush := func() {
		if len(run) > 0 {
			out = append(out, wrap(strings.Join(run, " "), helpWidth)...)
			run = nil
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, " ") || line == strings.ToUpper(line) {
			flush()
			out = append(out, line)
			continue
		}
		run = append(run, line)
	}
	flush()
	return strings.Join(out, "\n")
}

func usageLine(cmd *cli.Command) string {
	switch {
	case cmd.UsageText != "":
		return strings.TrimSpace(cmd.UsageText)
	case len(cmd.VisibleCommands()) > 0:
		return cmd.FullName() + " COMMAND [flags]"
	default:
		return cmd.FullName() + " [flags]"
	}
}

// helpFlags writes the flags by category, in the order in which they are declared.
func helpFlags(w io.Writer, cmd *cli.Command) {
	var order []string
	rows := make(map[string][][2]string)
	variable := ""
	for _, f := range cmd.VisibleFlags() {
		doc, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		category := "Flags"
		if c, ok := f.(cli.CategorizableFlag); ok && c.GetCategory() != "" {
			category = c.GetCategory()
		}
		name := f.Names()[0]
		if name == "help" || name == "version" {
			category = "Other"
		}
		if rows[category] == nil {
			order = append(order, category)
		}
		rows[category] = append(rows[category], flagRow(name, doc))
		if envs := doc.GetEnvVars(); variable == "" && len(envs) > 0 {
			variable = fmt.Sprintf("--%s is %s", name, envs[0])
		}
	}
	for _, category := range order {
		say(w, "\n%s\n", strings.ToUpper(category))
		table(w, rows[category])
	}
	if variable != "" {
		say(w, "\nEach flag has an environment variable: %s.\n", variable)
	}
}

// flagRow is a flag with its placeholder, and what it means.
func flagRow(name string, doc cli.DocGenerationFlag) [2]string {
	placeholder, text := "", doc.GetUsage()
	if parts := strings.SplitN(text, "`", 3); len(parts) == 3 {
		placeholder, text = parts[1], parts[0]+parts[1]+parts[2]
	}
	left := "--" + name
	if doc.TakesValue() && placeholder != "" {
		left += " " + placeholder
	}
	if d := defaultText(doc); d != "" {
		text += " (default " + d + ")"
	}
	return [2]string{left, text}
}

// defaultText is a flag's default, or empty where it says nothing.
func defaultText(doc cli.DocGenerationFlag) string {
	d := doc.GetDefaultText()
	if d == "" && doc.TakesValue() {
		d = doc.GetValue()
	}
	switch d = strings.Trim(d, `"`); d {
	case "0", "false", "[]":
		return ""
	}
	if strings.HasSuffix(d, "m0s") {
		d = strings.TrimSuffix(d, "0s")
	}
	return d
}

// leftMost is how wide the left column of a table may be; a longer entry has a
// line of its own.
const leftMost = 24

// table writes two columns, the right one wrapped.
func table(w io.Writer, rows [][2]string) {
	left := 0
	for _, r := range rows {
		if n := len(r[0]); n <= leftMost {
			left = max(left, n)
		}
	}
	for _, r := range rows {
		lines := wrap(r[1], helpWidth-left-5)
		if len(r[0]) > left {
			say(w, "   %s\n", r[0])
		} else {
			say(w, "   %-*s  %s\n", left, r[0], lines[0])
			lines = lines[1:]
		}
		for _, line := range lines {
			say(w, "   %-*s  %s\n", left, "", line)
		}
	}
}
