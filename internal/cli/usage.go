package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/number"
)

// usage is an error in the words of the command line.
func usage(format string, args ...any) error {
	return &exitError{ExitUsage, fmt.Errorf(format, args...)}
}

// begun is how far the flag library came: what fails before an action begins is
// wrong usage.
type begun struct {
	ran  bool
	json bool // what --json is, once ran
}

// prepare sets what all commands of a program have in common, for a command and
// all below it.
func prepare(cmd *cli.Command, b *begun) {
	cmd.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error {
		return &exitError{ExitUsage, flagError(cmd, err)}
	}
	for _, f := range cmd.Flags {
		once(f)
	}
	action := cmd.Action
	if action == nil {
		action = chooseCommand
	}
	cmd.Action = func(ctx context.Context, cmd *cli.Command) error {
		b.ran, b.json = true, cmd.Bool(flagJSON)
		return action(ctx, cmd)
	}
	for _, sub := range cmd.Commands {
		prepare(sub, b)
	}
}

// once refuses a second value of a flag that takes one: which is meant is a guess.
func once(f cli.Flag) {
	switch f := f.(type) {
	case *cli.StringFlag:
		f.OnlyOnce = true
	case *cli.BoolFlag:
		f.OnlyOnce = true
	case *cli.IntFlag:
		f.OnlyOnce = true
	case *cli.Int64Flag:
		f.OnlyOnce = true
	case *cli.Uint64Flag:
		f.OnlyOnce = true
	case *cli.FloatFlag:
		f.OnlyOnce = true
	case *cli.DurationFlag:
		f.OnlyOnce = true
	}
}

// chooseCommand is the action of a command that only has commands below it.
func chooseCommand(_ context.Context, cmd *cli.Command) error {
	name := cmd.Args().First()
	if name == "" {
		printHelp(cmd.Root().Writer, "", cmd)
		return nil
	}
	var names []string
	for _, c := range cmd.VisibleCommands() {
		names = append(names, c.Name)
	}
	if near := nearest(name, names); near != "" {
		return usage("%s has no command %q; did you mean %s?", cmd.Name, name, near)
	}
	return usage("%s has no command %q; the commands are %s", cmd.Name, name, strings.Join(names, ", "))
}

// The flag library's errors, for which it has no types.
var (
	badFlag     = regexp.MustCompile(`(?s)^invalid value ("[^"]*.*") for flag -(\S+): (.*)$`)
	badVariable = regexp.MustCompile(`(?s)^could not parse (".*") as \S+ value from environment variable "\w+" for flag (\S+): (.*)$`)
)

// flagError says in our words what the flag library complains about.
func flagError(cmd *cli.Command, err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return noFlag(cmd, name)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
		return fmt.Errorf("--%s needs a value", strings.TrimLeft(name, "-"))
	}
	if names, ok := strings.CutPrefix(text, "Required flag "); ok {
		name := strings.Trim(strings.TrimSuffix(names, " not set"), `"`)
		return fmt.Errorf("--%s is required%s", name, meaning(cmd, name))
	}
	if m := badFlag.FindStringSubmatch(text); m != nil {
		if m[3] == "can't duplicate this flag" {
			return fmt.Errorf("--%s is given twice; it takes one value", m[2])
		}
		return fmt.Errorf("--%s %s%s", m[2], m[1], wrongValue(m[3]))
	}
	if m := badVariable.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("--%s %s%s", m[2], m[1], wrongValue(m[3]))
	}
	return err
}

var firstFlag = regexp.MustCompile(`^--([a-z-]+)`)

// asTyped names the variable that a flag's value came from, where an error begins with
// a flag that is not on the command line.
func asTyped(text, program string, args []string) string {
	m := firstFlag.FindStringSubmatch(text)
	if m == nil || slices.ContainsFunc(args, func(a string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		return name == m[1] && strings.HasPrefix(a, "-")
	}) {
		return text
	}
	variable := variableOf(m[1])
	if program == "sandbox" {
		variable = variableOf("sandbox-" + m[1])
	}
	if os.Getenv(variable) == "" {
		return text
	}
	return fmt.Sprintf("%s (%s)%s", variable, m[0], text[len(m[0]):])
}

// wrongValue is what is wrong with a value, after it.
func wrongValue(why string) string {
	switch {
	case strings.HasSuffix(why, "value out of range"):
		return " is too large"
	case strings.HasPrefix(why, "strconv.ParseFloat"):
		return " is not a number"
	case strings.HasPrefix(why, "strconv.Parse"):
		return " is not a whole number"
	case strings.HasPrefix(why, "time: "):
		return " is not a time: want a number with its unit, as in 90s or 2m"
	case why == "parse error":
		return " is neither true nor false"
	}
	return ": " + why
}

func noFlag(cmd *cli.Command, name string) error {
	if near := nearest(name, flagNames(cmd)); near != "" {
		return fmt.Errorf("there is no flag --%s; did you mean --%s?", name, near)
	}
	return fmt.Errorf("there is no flag --%s", name)
}

func flagNames(cmd *cli.Command) []string {
	var names []string
	for _, f := range cmd.VisibleFlags() {
		names = append(names, f.Names()[0])
	}
	return names
}

// noArguments is the error of a program that takes flags alone.
func noArguments(cmd *cli.Command) error {
	word := cmd.Args().First()
	hint := ""
	if near := nearest(strings.TrimLeft(word, "-"), flagNames(cmd)); near != "" {
		hint = fmt.Sprintf("; did you mean --%s?", near)
	}
	return usage("%s takes no arguments, only flags: %q%s", cmd.Name, word, hint)
}

// meaning is the help text of a flag, as an apposition.
func meaning(cmd *cli.Command, name string) string {
	for _, f := range cmd.Flags {
		if doc, ok := f.(cli.DocGenerationFlag); ok && f.Names()[0] == name {
			return ": the " + strings.ReplaceAll(doc.GetUsage(), "`", "")
		}
	}
	return ""
}

// above0 checks the value of a flag that takes a number over 0 and at most most.
func above0(most float64) func(float64) error {
	return func(v float64) error {
		if v > 0 && v <= most { // no NaN
			return nil
		}
		return fmt.Errorf("want a number over 0, at most %s", number.Group(int64(most)))
	}
}

// Most that a rate a second and a number a day can be: far over any quota of AWS, so
// that more is a slip.
const (
	mostRate   = 1_000_000
	mostPerDay = 100_000_000
)

// oneOrMore checks a number of users: 0 would read as no bound.
func oneOrMore(n int64) error {
	if n < 1 {
		return errors.New("want a number of users, 1 or more")
	}
	return nil
}

var errShare = errors.New("want a share over 0, as in 0.9; over 1 never halts")

// shareAbove0 checks a share that may be over 1.
func shareAbove0(v float64) error {
	if above0(1000)(v) != nil {
		return errShare
	}
	return nil
}
