package house

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"relock/internal/cli"
)

// programs are run in process for their help.
var programs = map[string]func(args ...string) string{
	"enqueue": help(cli.Enqueue), "worker": help(cli.Worker), "job": help(cli.Job), "sandbox": help(cli.Sandbox),
}

// help runs a program and returns what it prints.
func help(program cli.Program) func(args ...string) string {
	return func(args ...string) string {
		var out bytes.Buffer
		program(context.Background(), context.Background(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard}, args)
		return out.String()
	}
}

// mention is a command that a document names: `job status --watch JOB`.
type mention struct {
	file, program, command string
	flags                  []string
	text                   string
}

var (
	// Commands stand in code: between backquotes, or in a block.
	inline = regexp.MustCompile("`([^`\n]+)`")
	flag   = regexp.MustCompile(`(?:^|\s)(--[a-z][a-z-]*)`)
	words  = regexp.MustCompile(`^[a-z-]+$`)
)

// mentions finds the commands that a document names.
func mentions(file, text string) []mention {
	var list []mention
	for _, code := range codes(text) {
		words := strings.Fields(code)
		if len(words) > 0 {
			words[0] = filepath.Base(words[0]) // ./bin/job, bin/job
		}
		if len(words) < 2 || programs[words[0]] == nil || !strings.HasPrefix(words[1], "-") && words[0] != "job" && words[0] != "sandbox" && !strings.Contains(code, " --") {
			continue
		}
		m := mention{file: file, program: words[0], text: code}
		if (m.program == "job" || m.program == "sandbox") && !strings.HasPrefix(words[1], "-") {
			m.command = words[1]
		}
		for _, f := range flag.FindAllStringSubmatch(code, -1) {
			m.flags = append(m.flags, f[1])
		}
		list = append(list, m)
	}
	return list
}

// codes are the pieces of code of a document: lines of blocks, continued ones
// joined, and what stands between backquotes.
func codes(text string) []string {
	var list []string
	block, line := false, ""
	for raw := range strings.Lines(text) {
		raw = strings.TrimRight(raw, "\n")
		if strings.HasPrefix(strings.TrimSpace(raw), "```") {
			block = !block
			continue
		}
		if !block {
			for _, m := range inline.FindAllStringSubmatch(raw, -1) {
				list = append(list, m[1])
			}
			continue
		}
		if rest, more := strings.CutSuffix(raw, `\`); more {
			line += rest + " "
			continue
		}
		piece := strings.TrimPrefix(strings.TrimSpace(line+raw), "$ ")
		line = ""
		list = append(list, strings.Split(piece, " | ")...)
	}
	return list
}

func TestMentions(t *testing.T) {
	t.Parallel()
	text := "Run `job status --watch JOB`, not `jobs`.\n```\nenqueue --yes \\\n   --max-users 5 list.csv\n$ worker --drain | head\n```\n"
	var got []string
	for _, m := range mentions("x.md", text) {
		got = append(got, m.program+" "+m.command+" "+strings.Join(m.flags, " "))
	}
	want := []string{"job status --watch", "enqueue  --yes --max-users", "worker  --drain"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Every command and every flag that a document names is one that the program has.
func TestDocumentsNameCommandsThatExist(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, file := range documents(t) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mentions(file, string(text)) {
			seen++
			checkMention(t, m)
		}
	}
	if seen < 50 {
		t.Errorf("only %d commands were found", seen)
	}
}

// documents are the pages for people.
func documents(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "docs/*.md", "deploy/*.md", "dashboards/*.md", "examples/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			name, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, name)
		}
	}
	return list
}

// foreign are flags of others, and an example of a name.
var foreign = map[string]bool{"--endpoint-url": true, "--max-x": true}

// names reports whether a help text has a flag.
func names(text, flag string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(flag) + `\b`).MatchString(text)
}

// A flag that stands alone belongs to some program.
func TestDocumentsNameFlagsThatExist(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for name, run := range programs {
		text := run(name, "--help")
		all.WriteString(text)
		_, commands, _ := strings.Cut(text, "COMMANDS\n")
		for _, c := range regexp.MustCompile(`(?m)^   ([a-z-]+) `).FindAllStringSubmatch(commands, -1) {
			all.WriteString(run(name, c[1], "--help"))
		}
	}
	for _, file := range documents(t) {
		if dir := filepath.Dir(file); dir != "." && dir != "docs" {
			continue // deploy/ speaks of many programs
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inline.FindAllStringSubmatch(string(text), -1) {
			word, _, _ := strings.Cut(m[1], " ")
			if strings.HasPrefix(word, "--") && !names(all.String(), strings.TrimRight(word, "=")) && !foreign[word] {
				t.Errorf("%s: no program has the flag %s", file, m[1])
			}
		}
	}
}

func checkMention(t *testing.T, m mention) {
	t.Helper()
	args := []string{m.program, "--help"}
	if m.command != "" {
		if !regexp.MustCompile(`(?m)^   ` + regexp.QuoteMeta(m.command) + `\b`).MatchString(programs[m.program](m.program, "--help")) {
			if words.MatchString(m.command) { // not `job COMMAND --help`, and not output: job inc-1123 is open
				t.Errorf("%s: %s has no command %s: %s", m.file, m.program, m.command, m.text)
			}
			return
		}
		args = []string{m.program, m.command, "--help"}
	}
	text := programs[m.program](args...)
	for _, f := range m.flags {
		if !names(text, f) {
			t.Errorf("%s: %s has no flag %s: %s", m.file, strings.TrimSpace(m.program+" "+m.command), f, m.text)
		}
	}
}
