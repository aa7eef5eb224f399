package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonReader reads the users of a list in JSON, one at a time: the elements of
// arrays, those of the member Users as AWS prints it, and objects one after
// another. Its methods return the errors of the JSON decoder.
type jsonReader struct {
	dec      *json.Decoder
	at       jsonState
	listing  bool  // the array is the member Users of an object
	cut      bool  // the document says that a page follows
	elements int64 // read
	start    int64 // where the latest begins
}

type jsonState uint8

const (
	betweenDocuments jsonState = iota
	inArray
	inListing // in an object, after its member Users
)

// next returns the next user, or io.EOF.
func (j *jsonReader) next() (element, error) {
	for {
		switch j.at {
		case inArray:
			if j.dec.More() {
				j.elements++
				return j.element()
			}
			if _, err := j.dec.Token(); err != nil {
				return element{}, within(err)
			}
			j.at = betweenDocuments
			if j.listing {
				j.at = inListing
			}
		case inListing:
			if _, _, err := j.document(); err != nil {
				return element{}, err
			}
		case betweenDocuments:
			token, err := j.dec.Token()
			if err != nil {
				return element{}, err
			}
			j.listing, j.cut = false, false
			switch token {
			case json.Delim('['):
				j.at = inArray
			case json.Delim('{'):
				j.start = j.dec.InputOffset() - 1
				e, whole, err := j.document()
				if err != nil {
					return element{}, err
				}
				if whole {
					j.elements++
					return e, nil
				}
			default:
				return element{}, errNoUsers
			}
		}
	}
}

var errNoUsers = errors.New("a value that is neither an array nor an object")

// within is an error of the decoder within an array or an object.
func within(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// element reads an element of an array.
func (j *jsonReader) element() (element, error) {
	var raw json.RawMessage
	if err := j.dec.Decode(&raw); err != nil {
		return element{}, within(err)
	}
	j.start = j.dec.InputOffset() - int64(len(raw))
	if raw[0] != '{' {
		return element{text: raw}, nil
	}
	e := element{object: true}
	w := walker{raw}
	for key, value := range w.members() {
		e.add(textOf(key), value)
	}
	return e, nil
}

// document reads the members of an object that is no element to its end, or to the
// start of its Users; whole is false where these begin.
func (j *jsonReader) document() (e element, whole bool, err error) {
	e.object = true
	for j.dec.More() {
		key, err := j.dec.Token()
		if err != nil {
			return e, false, within(err)
		}
		name, _ := key.(string)
		if name == "Users" {
			token, err := j.dec.Token()
			if err != nil {
				return e, false, within(err)
			}
			if token != json.Delim('[') {
				return e, false, errNoUsers
			}
			j.at, j.listing = inArray, true
			return e, false, nil
		}
		var raw json.RawMessage
		if err := j.dec.Decode(&raw); err != nil {
			return e, false, within(err)
		}
		if (name == "NextToken" || name == "PaginationToken") && string(raw) != "null" && string(raw) != `""` {
			j.cut = true
		}
		e.add(name, raw)
	}
	if _, err := j.dec.Token(); err != nil {
		return e, false, within(err)
	}
	j.at = betweenDocuments
	return e, true, nil
}

// looksJSON tells by the first characters that a text is JSON. Names with braces
// are no JSON.
func looksJSON(start []byte) bool {
	text := bytes.TrimSpace(start)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	if inner := bytes.TrimLeft(text[1:], " \t\r\n[{"); len(inner) > 0 && inner[0] == '"' {
		return true
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	for range 2 {
		if _, err := dec.Token(); err != nil {
			return false
		}
	}
	return true
}

// openJSON reads the first user, whose members say what the list holds.
func (r *rows) openJSON(v resolver, in io.Reader) error {
	r.json = &jsonReader{dec: json.NewDecoder(in)}
	r.delimiter = ','
	e, err := r.json.next()
	if errors.Is(err, io.EOF) && !r.json.cut {
		return &ListError{Kind: ErrEmpty, File: r.path, Reason: "has no users", Remedy: "check how the list was made"}
	}
	if err != nil {
		return r.explainJSON(err)
	}
	if r.columns, r.members, err = v.members(e); err != nil {
		return err
	}
	r.take(e)
	r.held = true
	return nil
}

// nextJSON reads a user, or returns io.EOF.
func (r *rows) nextJSON() error {
	r.text.begin(r.json.dec.InputOffset())
	e, err := r.json.next()
	if err != nil {
		return r.explainJSON(err)
	}
	r.take(e)
	return nil
}

// take makes a row of a user.
func (r *rows) take(e element) {
	r.line = r.json.elements
	r.at = r.text.lineOf(r.json.start)
	r.record, r.bad = r.record[:0], ""
	switch {
	case r.members == nil && !e.object:
		value, bad := valueOf(e.text)
		r.record, r.bad = append(r.record, value), bad
		if e.text[0] != '"' {
			r.bad = "is no user: neither an object nor a text"
		}
	case r.members == nil:
		r.bad = "is an object, and the first element is none"
	case !e.object:
		r.bad = "is no object, and the first element is one"
	}
	for _, name := range r.members {
		value, bad := e.get(name)
		if bad != "" && r.bad == "" {
			r.bad = fmt.Sprintf("the member %q %s", name, bad)
		}
		r.record = append(r.record, value)
	}
}

// members finds the columns of a list in JSON in its first user: what they are
// called there, or nil where the users are texts.
func (v resolver) members(e element) (columns, []string, error) {
	c := columns{fields: 1 + len(v.meta), meta: newMetadataRule(v.cfg)}
	if v.cfg.NoHeader && v.cfg.Column+strings.Join(v.cfg.MetadataColumns, "") != "" {
		return c, nil, v.error("is JSON, whose members have no numbers", "leave --no-header out, and name them")
	}
	if !e.object {
		if v.cfg.Column != "" || len(v.meta) > 0 {
			return c, nil, v.error("is an array of texts, which have no members", "leave --column and --metadata-column out")
		}
		return c, nil, nil
	}
	names := make([]string, len(e.members))
	for i, m := range e.members {
		names[i] = m.name
	}
	user, err := v.choose(names)
	switch {
	case err != nil:
		return c, nil, err
	case user >= 0:
		c.column = names[user]
	case v.cfg.Column != "":
		c.column = v.cfg.Column // the next user may have it
	default:
		return c, nil, v.error(fmt.Sprintf("the first user has none of the members %s; it has %s", usualNames, list(names)),
			"name the member with --column; the users of a listing are its member Users")
	}
	if err := v.describe(&c, names, user); err != nil {
		return c, nil, err
	}
	c.guarded = false // that is for CSV
	all := []string{c.column}
	for i, m := range v.meta {
		if err := v.checkMetadataColumn(m.name); err != nil {
			return c, nil, err
		}
		c.meta.bind(v.cfg, i+1, m.name, m.key)
		all = append(all, m.name)
	}
	return c, all, nil
}

// explainJSON turns an error of the decoder into one that says what to do.
func (r *rows) explainJSON(err error) error {
	at := r.text.lineOf(r.json.dec.InputOffset())
	e := &ListError{Kind: ErrFormat, File: r.path, Line: at}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case errors.Is(r.text.err, errRowTooLong):
		e.Reason, e.Remedy = "the user that begins here does not end within 1 MiB", "check how the list was made"
	case r.text.err != nil:
		return r.text.err
	case errors.Is(err, io.EOF) && r.json.cut:
		e.Line = 0
		e.Reason = "is cut: its NextToken or PaginationToken says that more users follow, which would be left out"
		e.Remedy = "list without --max-items, --limit and --no-paginate, or from the pool itself with --all-users; if no others are meant: jq .Users FILE | enqueue -"
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Reason, e.Remedy = "the JSON ends too early; the rest of the list is missing", "fetch the list again"
	case errors.Is(err, errNoUsers):
		e.Reason, e.Remedy = "holds "+err.Error()+" where users are to be", "want an array of users or of usernames, the output of list-users, or an object a line"
	case syntax:
		e.Reason, e.Err, e.Remedy = "is not valid JSON after this place", err, "check how the list was made"
	default:
		return err
	}
	return e
}
