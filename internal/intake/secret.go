package intake

import (
	"fmt"
	"strings"
)

// suspicion says whether a cell holds a password or its hash.
type suspicion uint8

const (
	harmless suspicion = iota
	likely             // it may be a username all the same
	certain
)

// pairing are the characters that separate a name from its password, or from
// another name.
const pairing = ":;|,"

// suspect looks for a password or a hash beside a name, as lists of leaked
// accounts have them: address:password, name;hash, hash|address.
func suspect(cell string) suspicion {
	cell = strings.TrimSpace(cell)
	if isCrypt(cell) {
		return certain
	}
	parts := strings.FieldsFunc(cell, separates)
	if len(parts) == 0 {
		return harmless
	}
	address, others := false, 0
	found := harmless
	for _, p := range parts {
		switch {
		case isCrypt(p):
			return certain
		case isEmail(strings.Trim(p, "<>()")):
			address = true
		default:
			others++
		}
		if len(parts) > 1 && isHash(p) {
			found = likely
		}
	}
	if found == likely && address {
		return certain
	}
	if i := strings.IndexFunc(cell, separates); isEmail(parts[0]) && i == len(parts[0]) && i < len(cell)-1 {
		switch {
		case cell[i] == ':': // never part of an address, nor between two
			return certain
		case others > 0:
			return likely
		}
	}
	return found
}

func separates(r rune) bool { return r == ' ' || r == '\t' || strings.ContainsRune(pairing, r) }

// isCrypt reports whether a text is a hash in a form that says so: of crypt(3) and
// its like ($2b$10$…), of LDAP ({SSHA}…), of Django (pbkdf2_sha256$…).
func isCrypt(s string) bool {
	const shortest = 20
	if len(s) < shortest {
		return false
	}
	if s[0] == '{' {
		scheme, hash, _ := strings.Cut(s[1:], "}")
		return len(scheme) > 1 && len(hash) >= 16 && strings.Trim(scheme, cryptLetters) == "" && strings.Trim(hash, cryptLetters) == ""
	}
	scheme, hash, _ := strings.Cut(strings.TrimPrefix(s, "$"), "$")
	return scheme != "" && len(scheme) < shortest && len(hash) >= 16 && (s[0] == '$' || strings.Contains(hash, "$")) &&
		strings.Trim(scheme, cryptLetters) == "" && strings.Trim(hash, cryptLetters) == ""
}

// isHash reports whether a text has the length and the letters of a hash: MD5 and
// the SHAs, in hexadecimal or base64.
func isHash(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "*"), "0x")
	switch len(s) {
	case 32, 40, 56, 64, 96, 128:
		return strings.Trim(s, "0123456789abcdefABCDEF") == ""
	case 24, 28, 44, 88:
		return strings.HasSuffix(s, "=") && strings.Trim(s, base64Letters) == ""
	}
	return false
}

const (
	base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	cryptLetters  = base64Letters + ".$,-_*"
)

// secretError refuses a list. It holds no part of the row.
func secretError(path string, line int64, how suspicion) error {
	e := &ListError{
		Kind: ErrSecret, File: path, Line: line,
		Reason: "the row holds more than a name, as lists of leaked accounts do: a password or its hash, which must not be copied",
		Remedy: "make a list of the names alone, as in: cut -d: -f1 FILE | enqueue --no-header -",
	}
	if how == likely {
		e.Remedy += "; if this is one username, use --literal"
	}
	return e
}

// pairs counts names in two parts by what is between, as ana:secret or ana|bob:
// those that have a provider or a tenant in front begin alike, those of a list of
// passwords do not.
type pairs [len(pairing)]struct {
	lefts map[string]struct{}
	names int64
	line  int64 // of the first
}

// maxPairs is how many of a list's names in two parts are compared.
const maxPairs = 1000

func (p *pairs) add(name string, line int64) {
	i := strings.IndexAny(name, pairing)
	if i <= 0 || i == len(name)-1 {
		return
	}
	s := &p[strings.IndexByte(pairing, name[i])]
	if s.names == maxPairs {
		return
	}
	if s.names++; s.names == 1 {
		s.lefts, s.line = map[string]struct{}{}, line
	}
	s.lefts[name[:i]] = struct{}{}
}

// check refuses a list of that many rows most of whose names in two parts begin
// differently. One alone is enough where passwords stand, behind a colon, and where
// it is half the list.
func (p *pairs) check(path string, rows int64) error {
	for i, s := range p {
		if int64(len(s.lefts))*2 <= s.names || s.names == 1 && pairing[i] != ':' && rows > 2 {
			continue
		}
		return &ListError{
			Kind: ErrSecret, File: path, Line: s.line,
			Reason: fmt.Sprintf("the username has a %q within, as two columns, two names, or a name and its password have", pairing[i]),
			Remedy: "separate columns with a comma, a semicolon or a tab, and name the one of the usernames with --column; if this is one username, use --literal",
		}
	}
	return nil
}
