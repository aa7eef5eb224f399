package cli

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// programs are all of them, by name.
var allPrograms = map[string]Program{"enqueue": Enqueue, "worker": Worker, "job": Job, "sandbox": Sandbox}

func helpOf(t *testing.T, program string, command ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	args := append([]string{program}, command...)
	code := allPrograms[program](t.Context(), t.Context(), Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, append(args, "--help"))
	if code != ExitOK || errs.Len() > 0 {
		t.Fatalf("%s --help: exit %d, %s", strings.Join(args, " "), code, &errs)
	}
	return out.String()
}

var (
	commandRow = regexp.MustCompile(`(?m)^   ([a-z][a-z-]+)  +\S`)
	flagRowAt  = regexp.MustCompile(`(?m)^   --([a-z-]+)(?: |$)`)
	flagNamed  = regexp.MustCompile(`--([a-z][a-z-]*)`)
)

// commandsOf are the commands that a help lists.
func commandsOf(help string) (names []string) {
	_, list, ok := strings.Cut(help, "\nCOMMANDS\n")
	if !ok {
		return nil
	}
	list, _, _ = strings.Cut(list, "\n\n")
	for _, m := range commandRow.FindAllStringSubmatch("\n"+list, -1) {
		names = append(names, m[1])
	}
	return names
}

// flagsOf are the flags that a help lists.
func flagsOf(help string) (names []string) {
	_, list, _ := strings.Cut(help, "\nUSAGE\n")
	for _, heading := range strings.Split(list, "\n\n")[1:] {
		if first, _, _ := strings.Cut(heading, "\n"); first != strings.ToUpper(first) || strings.HasPrefix(first, "EX") {
			continue
		}
		for _, m := range flagRowAt.FindAllStringSubmatch(heading, -1) {
			names = append(names, m[1])
		}
	}
	return names
}

// foreign are flags of other programs that our help names.
var foreign = []string{"pubout"}

// TestEveryHelpFitsWhatItDescribes walks all commands: each fits 80 columns, names
// only flags that some command has, and in its own examples only flags of the
// command that the line calls.
func TestEveryHelpFitsWhatItDescribes(t *testing.T) {
	t.Parallel()
	flags := map[string][]string{} // by command
	helps := map[string]string{}
	for program := range allPrograms {
		help := helpOf(t, program)
		helps[program], flags[program] = help, flagsOf(help)
		for _, c := range commandsOf(help) {
			name := program + " " + c
			helps[name] = helpOf(t, program, c)
			flags[name] = flagsOf(helps[name])
			for _, want := range []string{"json", "help"} {
				if c != "completion" && !slices.Contains(flags[name], want) {
					t.Errorf("%s has no --%s", name, want)
				}
			}
		}
	}
	if len(helps) < 18 {
		t.Fatalf("only %d commands were found", len(helps))
	}
	for _, name := range []string{"enqueue", "worker"} {
		if !slices.Contains(flags[name], "json") {
			t.Errorf("%s has no --json", name)
		}
	}
	var all []string
	for _, list := range flags {
		all = append(all, list...)
	}
	for name, help := range helps {
		for line := range strings.Lines(help) {
			line = strings.TrimRight(line, "\n")
			if n := utf8.RuneCountInString(line); n > helpWidth {
				t.Errorf("%s --help: %d columns: %s", name, n, line)
			}
			for _, m := range flagNamed.FindAllStringSubmatch(line, -1) {
				if !slices.Contains(all, m[1]) && !slices.Contains(foreign, m[1]) {
					t.Errorf("%s --help names --%s, which no command has: %s", name, m[1], line)
				}
			}
			checkExample(t, name, line, flags)
		}
		if strings.Contains(help, "()") || strings.Contains(help, "%!") || strings.Contains(help, "``") {
			t.Errorf("%s --help is not well formed:\n%s", name, help)
		}
	}
}

// checkExample checks a line that calls one of our programs.
func checkExample(t *testing.T, where, line string, flags map[string][]string) {
	t.Helper()
	words := strings.Fields(strings.TrimSpace(line))
	if len(words) < 2 || allPrograms[words[0]] == nil || !strings.HasPrefix(line, "   ") {
		return
	}
	name := words[0]
	if flags[name+" "+words[1]] != nil {
		name += " " + words[1]
	}
	for _, m := range flagNamed.FindAllStringSubmatch(line, -1) {
		if !slices.Contains(flags[name], m[1]) {
			t.Errorf("%s --help: %s has no --%s: %s", where, name, m[1], line)
		}
	}
}
