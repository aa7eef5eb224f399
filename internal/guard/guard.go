// Package guard keeps a spreadsheet from taking a cell of a CSV file for a formula,
// and gives the cell back as it was. A username is chosen by a stranger, and the
// lists that a security team exports are opened with a double click.
package guard

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Column is the name of the column of usernames in a file whose every cell is
// guarded. Whoever reads such a file has to know the rule, and by this name can.
const Column = "guarded_username"

// MetadataPrefix begins the names of such a file's columns of client metadata; the
// rest of the name is the key.
const MetadataPrefix = "metadata:"

// separators are the characters that some spreadsheet takes for the end of a cell:
// Excel reads a file with semicolons where the decimal separator is a comma,
// whatever the file was written with.
const separators = ",;\t\r\n"

// Cell returns s guarded: an apostrophe goes before what a spreadsheet would
// evaluate, at the start and after each separator, and there before an apostrophe
// too, so that Plain can tell its own.
//
// Sources: OWASP, "CSV Injection" (the characters = + - @, tab, CR, LF and the
// full-width forms), and OWASP ASVS 5.0, 1.2.10 (NUL).
func Cell(s string) string {
	if !strings.ContainsAny(s, "=+-@＝＋－＠'\t\r\n\x00") {
		return s
	}
	var b strings.Builder
	start := true
	for i, r := range s {
		if start && (r == '\'' || evaluated(s[i:])) {
			b.WriteByte('\'')
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		b.WriteString(s[i : i+size]) // not r, which differs where s is not valid UTF-8
		start = strings.ContainsRune(separators, r)
	}
	return b.String()
}

// evaluated reports whether a spreadsheet may evaluate a cell that begins so:
// quotes and white space before a formula do not always protect from it.
func evaluated(s string) bool {
	for _, r := range s {
		switch r {
		case '=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n', 0:
			return true
		case '"', '\'', '\ufeff':
			continue
		}
		if !unicode.IsSpace(r) {
			return false
		}
	}
	return false
}

// Plain returns what Cell was given.
func Plain(s string) string {
	if !strings.Contains(s, "'") {
		return s
	}
	var b strings.Builder
	start := true
	for i := range len(s) {
		if c := s[i]; !start || c != '\'' {
			b.WriteByte(c)
			start = strings.IndexByte(separators, c) >= 0
			continue
		}
		start = false // the guard's own; what follows it is the cell's
	}
	return b.String()
}
