package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"
)

// usage is an error in the words of the command line.
func usage(format string, args ...any) error {
	return &exitError{ExitUsage, fmt.Errorf(format, args...)}
}

// prepare sets what all commands of a program have in common, for a command and
// all below it. ran is set when an action begins: what fails before is wrong
// usage.
func prepare(cmd *cli.Command, ran *bool) {
	cmd.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error {
		return &exitError{ExitUsage, flagError(cmd, err)}
	}
	action := cmd.Action
	if action == nil {
		action = chooseCommand
	}
	cmd.Action = func(ctx context.Context, cmd *cli.Command) error {
		*ran = true
		return action(ctx, cmd)
	}
	for _, sub := range cmd.Commands {
		prepare(sub, ran)
	}
}

// chooseCommand is the action of a command that only has commands below it.
func chooseCommand(_ context.Context, cmd *cli.Command) error {
	if name := cmd.Args().First(); name != "" {
		return usage("%s has no command %q; did you mean %s?", cmd.Name, name, cli.SuggestCommand(cmd.VisibleCommands(), name))
	}
	printHelp(cmd.Root().Writer, "", cmd)
	return nil
}

// flagError says in our words what the flag library complains about; it has no
// types for it.
func flagError(cmd *cli.Command, err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return fmt.Errorf("there is no flag --%s; did you mean %s?", name, cli.SuggestFlag(cmd.Flags, name, false))
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
		return fmt.Errorf("%s needs a value", name)
	}
	if names, ok := strings.CutPrefix(text, "Required flag "); ok {
		name := strings.Trim(strings.TrimSuffix(names, " not set"), `"`)
		return fmt.Errorf("--%s is required%s", name, meaning(cmd, name))
	}
	return err
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
