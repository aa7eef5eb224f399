package intake

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"relock/internal/guard"
)

// delimiters are tried in this order; the first wins a draw.
var delimiters = []rune{',', ';', '\t'}

// validDelimiter reports whether encoding/csv can separate fields by r, and
// whether that would make sense.
func validDelimiter(r rune) bool {
	return r == '\t' || r > ' ' && r != '"' && r != utf8.RuneError && !unicode.IsLetter(r) && !unicode.IsNumber(r) && utf8.ValidRune(r)
}

// columns says where in a row the username and the metadata are.
type columns struct {
	fields int // how many a row has
	user   int
	column string // the name of the username's column, for messages
	meta   metadataRule
	// holds is what the username's column holds, by its name.
	holds holds
	// passed are the other columns that would have been taken, had the header not
	// this one, and sub is the one that holds subs, or empty.
	passed []string
	sub    string
	// guarded says that the file's every cell is guarded against formulas.
	guarded bool
}

// sepLine is Excel's first line "sep=;": the delimiter and the line's length
// with its end; 0 if there is none.
func sepLine(start []byte) (rune, int) {
	line, _, found := bytes.Cut(start, []byte{'\n'})
	length := len(line)
	if found {
		length++
	}
	line = bytes.Trim(bytes.TrimSuffix(line, []byte{'\r'}), `"`)
	if len(line) < 5 || !bytes.EqualFold(line[:4], []byte("sep=")) {
		return 0, 0
	}
	r, size := utf8.DecodeRune(line[4:])
	if 4+size != len(line) || !validDelimiter(r) {
		return 0, 0
	}
	return r, length
}

// findDelimiter chooses the delimiter with which the first row has the columns
// asked for; else the one that makes the most fields of it.
func findDelimiter(start []byte, resolve func([]string) (columns, error)) rune {
	best, most := delimiters[0], 0
	fits := false
	for _, d := range delimiters {
		r := csv.NewReader(bytes.NewReader(start))
		r.Comma = d
		record, err := r.Read()
		if err != nil {
			continue
		}
		_, err = resolve(record)
		if ok := err == nil; ok && !fits || ok == fits && len(record) > most {
			best, most, fits = d, len(record), ok
		}
	}
	return best
}

// resolver finds the columns in the first row of a list.
type resolver struct {
	cfg  *Config
	meta []metaColumn
	path string
}

// resolve returns the columns, or an error of kind ErrHeader without a line.
func (v resolver) resolve(first []string) (columns, error) {
	if v.cfg.NoHeader {
		return v.byNumber(first)
	}
	names := make([]string, len(first))
	for i, cell := range first {
		if how := suspect(cell); how != harmless && !strings.HasPrefix(cell, guard.MetadataPrefix) {
			return columns{}, secretError(v.path, 0, how)
		}
		if !utf8.ValidString(cell) {
			return columns{}, v.error("the header is not valid UTF-8", "save the list as UTF-8")
		}
		names[i] = strings.TrimSpace(cell)
		if strings.ContainsRune(names[i], '\r') {
			return columns{}, v.error("the header contains a CR: "+mixedEnds, endsRemedy)
		}
		if strings.ContainsFunc(names[i], unicode.IsControl) {
			return columns{}, v.error("the header contains a control character", "save the list as plain CSV in UTF-8")
		}
	}
	c := columns{fields: len(first), meta: newMetadataRule(v.cfg)}
	var err error
	if c.user, err = v.choose(names); err != nil {
		return columns{}, err
	}
	if c.user < 0 {
		return columns{}, v.noColumn(names)
	}
	c.column = names[c.user]
	c.guarded = strings.EqualFold(c.column, guard.Column)
	if err := v.describe(&c, names, c.user); err != nil {
		return columns{}, err
	}
	for i, n := range names {
		if n == "" || c.guarded {
			continue
		}
		switch classify(n) {
		case kindEmail, kindPhone, kindSub:
			return columns{}, v.error(fmt.Sprintf("the first row has a user in column %d, and %q in column %d: it is no header", i+1, c.column, c.user+1),
				"put a header above the list, or use --no-header")
		}
	}
	for _, m := range v.meta {
		i, err := v.find(names, m.name)
		if err != nil {
			return columns{}, err
		}
		if i < 0 {
			return columns{}, v.error(fmt.Sprintf("the header has no column %q for the metadata; it has %s", m.name, list(names)),
				"check --metadata-column")
		}
		if err := v.checkMetadataColumn(names[i]); err != nil {
			return columns{}, err
		}
		c.meta.bind(v.cfg, i, names[i], m.key)
	}
	if c.guarded && len(v.meta) == 0 {
		v.bindOwn(&c, names)
	}
	return c, nil
}

// checkMetadataColumn refuses a column whose name says that it holds passwords.
func (v resolver) checkMetadataColumn(name string) error {
	if v.cfg.Literal || holdsOf(name) != holdsSecret {
		return nil
	}
	return v.error(fmt.Sprintf("the column %q holds passwords or hashes by its name, which must not be copied", name),
		"leave it out of --metadata-column; if it holds none, use --literal")
}

// bindOwn binds the columns in which `job` gives a list's own metadata, unless
// --metadata-column says which to use.
func (v resolver) bindOwn(c *columns, names []string) {
	for i, name := range names {
		if key, ok := strings.CutPrefix(name, guard.MetadataPrefix); ok && !slices.Contains(names[:i], name) {
			c.meta.bind(v.cfg, i, name, key)
		}
	}
}

// choose returns the index of the usernames' column, or -1.
func (v resolver) choose(names []string) (int, error) {
	if v.cfg.Column != "" {
		return v.find(names, v.cfg.Column)
	}
	for _, c := range usernameColumns {
		if i, err := v.find(names, c.name); i >= 0 || err != nil {
			return i, err
		}
	}
	return -1, nil
}

// describe says of the usernames' column what its name and those of the others
// promise.
func (v resolver) describe(c *columns, names []string, user int) error {
	if c.holds = holdsOf(c.column); c.holds == holdsSecret && !v.cfg.Literal {
		return v.error(fmt.Sprintf("the column %q holds passwords or hashes by its name", c.column),
			"name the column of the usernames with --column; if that is this one, use --literal")
	}
	for i, name := range names {
		if i == user {
			continue
		}
		if v.cfg.Column == "" && !c.guarded && rank(name) >= 0 {
			c.passed = append(c.passed, name)
		}
		if c.sub == "" && (holdsOf(name) == holdsSub || strings.HasSuffix(normal(name), ".sub")) {
			c.sub = name
		}
	}
	return nil
}

// find returns the index of the column of a name, or -1: as it is written but for
// case, or else as normal has it.
func (v resolver) find(names []string, name string) (int, error) {
	name = strings.TrimSpace(name)
	alike := func(s string) bool { return normal(s) == normal(name) }
	if slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) }) {
		alike = func(s string) bool { return strings.EqualFold(s, name) }
	}
	i := slices.IndexFunc(names, alike)
	if i < 0 {
		return -1, nil
	}
	switch j := slices.IndexFunc(names[i+1:], alike); {
	case j < 0:
		return i, nil
	case strings.EqualFold(names[i], names[i+1+j]):
		return 0, v.error(fmt.Sprintf("the header has two columns %q", names[i]), "rename one of them")
	default:
		return 0, v.error(fmt.Sprintf("the header has the columns %q and %q", names[i], names[i+1+j]), "name one of them with --column")
	}
}

// noColumn says what the header has instead, unless it looks like a user.
func (v resolver) noColumn(names []string) error {
	for i, n := range names {
		if visible := strings.Map(dropInvisible, n); visible != n && v.isWanted(visible) {
			return v.error(fmt.Sprintf("the name of column %d, %q, contains a character that cannot be seen", i+1, n),
				"write the header anew")
		}
		if n == "" {
			continue
		}
		if k := classify(n); k != kindOther {
			return v.error("the first row looks like a user, not like a header", "use --no-header if the list has none, else name the column with --column")
		}
	}
	if len(names) == 1 && slices.ContainsFunc(strings.FieldsFunc(names[0], between), v.isWanted) {
		return v.error("the header is one column, "+strconv.Quote(names[0]), "separate the columns with a comma, a semicolon or a tab")
	}
	if _, err := strconv.Atoi(v.cfg.Column); err == nil {
		return v.error(fmt.Sprintf("the header has no column %q; it has %s", v.cfg.Column, list(names)),
			"give --column the name of the column; a number goes with --no-header")
	}
	if v.cfg.Column != "" {
		return v.error(fmt.Sprintf("the header has no column %q; it has %s", v.cfg.Column, list(names)), "check --column")
	}
	return v.error(fmt.Sprintf("the header has none of the columns %s; it has %s", usualNames, list(names)),
		"name the column of the usernames with --column, or use --no-header if the list has none")
}

// isWanted reports whether a column of that name would have been taken.
func (v resolver) isWanted(name string) bool {
	if v.cfg.Column != "" {
		return normal(name) == normal(v.cfg.Column)
	}
	return rank(name) >= 0
}

// dropInvisible drops characters that take no space, such as a second byte order
// mark; for strings.Map.
func dropInvisible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// between reports whether a character may stand between the names of columns.
func between(r rune) bool {
	return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsNumber(r)
}

// byNumber resolves columns by their numbers.
func (v resolver) byNumber(first []string) (columns, error) {
	number, _ := strconv.Atoi(cmp.Or(v.cfg.Column, "1")) // Checked by Config.validate.
	c := columns{fields: len(first), user: number - 1, column: strconv.Itoa(number), meta: newMetadataRule(v.cfg)}
	highest, flag := number, "--column"
	for _, m := range v.meta {
		n, _ := strconv.Atoi(m.name)
		if n > highest {
			highest, flag = n, "--metadata-column"
		}
		c.meta.bind(v.cfg, n-1, m.name, m.key)
	}
	if highest > len(first) {
		return columns{}, v.error(fmt.Sprintf("the first row has no column %d; it has %s", highest, plural(len(first), "column")),
			"check "+flag+" and the delimiter")
	}
	return c, nil
}

// notHeader refuses a first row that is a header after all.
func (v resolver) notHeader(name string) error {
	if name = strings.TrimSpace(name); rank(name) < 0 {
		return nil
	}
	return v.error(fmt.Sprintf("the first row has %q where a user is to be: it is a header", name),
		"leave --no-header out; if a user is called so, put a header above the list instead")
}

func (v resolver) error(reason, remedy string) error {
	return &ListError{Kind: ErrHeader, File: v.path, Reason: reason, Remedy: remedy}
}

// plural is "1 field", "2 fields".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
