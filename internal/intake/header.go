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

// usernameColumns are the names by which the column of the usernames is found,
// the first that the header has. cognito:username is what Cognito's own import
// files call it; the first is that of the lists that `job` writes.
var usernameColumns = []string{guard.Column, "username", "cognito:username", "user", "email", "sub", "phone_number"}

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
	name   string // of the username's column, for messages
	meta   metadataRule
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
		if !utf8.ValidString(cell) {
			return columns{}, v.error("the header is not valid UTF-8", "save the list as UTF-8")
		}
		names[i] = strings.TrimSpace(cell)
		if strings.ContainsRune(names[i], '\r') {
			return columns{}, v.error("the header contains a CR", "lines may end with CR alone, in part: end all of them with LF or CRLF")
		}
		if strings.ContainsFunc(names[i], unicode.IsControl) {
			return columns{}, v.error("the header contains a control character", "save the list as plain CSV in UTF-8")
		}
	}
	c := columns{fields: len(first), user: -1, meta: newMetadataRule(v.cfg)}
	wanted := usernameColumns
	if v.cfg.Column != "" {
		wanted = []string{v.cfg.Column}
	}
	for _, name := range wanted {
		i, err := v.find(names, name)
		if err != nil {
			return columns{}, err
		}
		if i >= 0 {
			c.user, c.name = i, names[i]
			c.guarded = strings.EqualFold(names[i], guard.Column)
			break
		}
	}
	if c.user < 0 {
		return columns{}, v.noColumn(names)
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
		c.meta.bind(v.cfg, i, names[i], m.key)
	}
	if c.guarded && len(v.meta) == 0 {
		v.bindOwn(&c, names)
	}
	return c, nil
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

// find returns the index of the column of a name, or -1.
func (v resolver) find(names []string, name string) (int, error) {
	same := func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(name)) }
	i := slices.IndexFunc(names, same)
	if i >= 0 && slices.ContainsFunc(names[i+1:], same) {
		return 0, v.error(fmt.Sprintf("the header has two columns %q", names[i]), "rename one of them")
	}
	return i, nil
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
		return v.error("the header is one column, "+list(names), "separate the columns with a comma, a semicolon or a tab")
	}
	if _, err := strconv.Atoi(v.cfg.Column); err == nil {
		return v.error(fmt.Sprintf("the header has no column %q; it has %s", v.cfg.Column, list(names)),
			"give --column the name of the column; a number goes with --no-header")
	}
	if v.cfg.Column != "" {
		return v.error(fmt.Sprintf("the header has no column %q; it has %s", v.cfg.Column, list(names)), "check --column")
	}
	return v.error(fmt.Sprintf("the header has none of the columns %s; it has %s", strings.Join(usernameColumns[1:], ", "), list(names)),
		"name the column of the usernames with --column, or use --no-header if the list has none")
}

// isWanted reports whether a column of that name would have been taken.
func (v resolver) isWanted(name string) bool {
	same := func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(name)) }
	if v.cfg.Column != "" {
		return same(v.cfg.Column)
	}
	return slices.ContainsFunc(usernameColumns, same)
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
	c := columns{fields: len(first), user: number - 1, name: strconv.Itoa(number), meta: newMetadataRule(v.cfg)}
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
	if name := strings.TrimSpace(first[c.user]); slices.ContainsFunc(usernameColumns, func(s string) bool { return strings.EqualFold(s, name) }) {
		return columns{}, v.error(fmt.Sprintf("the first row has %q where a user is to be: it is a header", name),
			"leave --no-header out; if a user is called so, put a header above the list instead")
	}
	return c, nil
}

func (v resolver) error(reason, remedy string) error {
	return &ListError{Kind: ErrHeader, File: v.path, Reason: reason, Remedy: remedy}
}

// list shows the names of columns, the first twenty of them.
func list(names []string) string {
	const most = 20
	shown := make([]string, 0, most)
	for _, n := range names[:min(len(names), most)] {
		if len(n) > 64 {
			n = strings.ToValidUTF8(n[:64], "") + "…"
		}
		shown = append(shown, strconv.Quote(n))
	}
	s := strings.Join(shown, ", ")
	if n := len(names) - most; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// plural is "1 field", "2 fields".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
