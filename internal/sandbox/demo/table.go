package demo

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Outcomes of the list in the order of the table, duplicates last.
func Outcomes() []string {
	return []string{"reset", "user_not_found", "user_disabled", "not_resettable_state", "no_verified_contact", "duplicate"}
}

// ReadTable reads the table of examples/README.md: outcome and number of users.
// The row "rows" holds the number of rows in the list.
func ReadTable(r io.Reader) (map[string]int, error) {
	known := map[string]bool{"rows": true}
	for _, o := range Outcomes() {
		known[o] = true
	}
	table := map[string]int{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		cells := strings.Split(lines.Text(), "|")
		if len(cells) < 4 {
			continue
		}
		name := strings.Trim(strings.TrimSpace(cells[1]), "`")
		if !known[name] {
			continue
		}
		count, err := strconv.Atoi(strings.TrimSpace(cells[2]))
		if err != nil {
			return nil, fmt.Errorf("line %d: the number of %s: %w", n, name, err)
		}
		if _, twice := table[name]; twice {
			return nil, fmt.Errorf("line %d: %s is in the table twice", n, name)
		}
		table[name] = count
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the table: %w", err)
	}
	for name := range known {
		if _, ok := table[name]; !ok {
			return nil, fmt.Errorf("the table has no row for %s", name)
		}
	}
	return table, nil
}

// WriteTable writes the table for the given numbers, with the kinds of users
// behind each outcome.
func WriteTable(w io.Writer, counts map[string]int) error {
	fmt.Fprint(w, "| outcome | users | who |\n|---|---:|---|\n")
	rows := 0
	for _, o := range Outcomes() {
		var who []string
		for _, p := range Parts() {
			if p.Outcome == o {
				who = append(who, fmt.Sprintf("%d %s", p.Rows, p.Kind))
			}
		}
		fmt.Fprintf(w, "| `%s` | %d | %s |\n", o, counts[o], strings.Join(who, "; "))
		rows += counts[o]
	}
	_, err := fmt.Fprintf(w, "| rows | %d | all lines of users.csv but the header |\n", rows)
	return err
}
