package intake

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"relock/internal/number"
)

// MaxMetadata is the most client metadata, in bytes of keys and values, that a
// target may have, Config.Metadata included. It is Relock's own limit: a message
// stays far below what SQS takes, and ten of them below what a batch takes.
const MaxMetadata = 2048

func metadataSize(m map[string]string) int {
	n := 0
	for k, v := range m {
		n += len(k) + len(v)
	}
	return n
}

// metadataRule makes the metadata of rows from columns, in the order of their
// keys.
type metadataRule struct {
	fields []metadataField
	base   int // size of the job-wide metadata
}

type metadataField struct {
	index   int
	key     string
	name    string // column, for messages
	instead int    // bytes of the job-wide pair that a value replaces
}

func newMetadataRule(cfg *Config) metadataRule { return metadataRule{base: metadataSize(cfg.Metadata)} }

// bind adds a column to the rule.
func (r *metadataRule) bind(cfg *Config, index int, name, key string) {
	f := metadataField{index: index, key: key, name: name}
	if v, ok := cfg.Metadata[key]; ok {
		f.instead = len(key) + len(v)
	}
	r.fields = append(r.fields, f)
	slices.SortFunc(r.fields, func(a, b metadataField) int { return strings.Compare(a.key, b.key) })
}

// check says what is wrong with the metadata of a row, whose fields are valid
// UTF-8, and in which column; kind is empty if nothing is.
func (r *metadataRule) check(record []string) (kind ProblemKind, column, reason string) {
	size := r.base
	for _, f := range r.fields {
		value := record[f.index]
		if value == "" {
			continue
		}
		if reason := checkText(value); reason != "" {
			return ProblemMetadata, f.name, "the metadata " + reason
		}
		size += len(f.key) + len(value) - f.instead
		if size > MaxMetadata {
			column = f.name
		}
	}
	if size > MaxMetadata {
		return ProblemMetadata, column, number.Text("the metadata of the user has %d bytes, keys and values together; %d are permitted", size, MaxMetadata)
	}
	return "", "", ""
}

// checkSecret finds a hash in the metadata of a row. With literal one counts only
// if its form says so.
func (r *metadataRule) checkSecret(record []string, literal bool) (kind ProblemKind, column, reason string) {
	for _, f := range r.fields {
		if value := record[f.index]; isCrypt(value) || !literal && isHash(value) {
			return ProblemMetadata, f.name, "the metadata looks like a hash, which must not be copied; leave the column out, or, if it is none, use --literal"
		}
	}
	return "", "", ""
}

// values is the row's own metadata; nil if it has none.
func (r *metadataRule) values(record []string) map[string]string {
	var m map[string]string
	for _, f := range r.fields {
		if value := record[f.index]; value != "" {
			if m == nil {
				m = make(map[string]string, len(r.fields))
			}
			m[f.key] = value
		}
	}
	return m
}

// digest identifies the row's own metadata; zero if it has none.
func (r *metadataRule) digest(record []string, buf []byte) (digest, []byte) {
	buf = buf[:0]
	for _, f := range r.fields {
		if value := record[f.index]; value != "" {
			buf = binary.AppendUvarint(buf, uint64(len(f.key)))
			buf = append(buf, f.key...)
			buf = binary.AppendUvarint(buf, uint64(len(value)))
			buf = append(buf, value...)
		}
	}
	if len(buf) == 0 {
		return digest{}, buf
	}
	sum := sha256.Sum256(buf)
	return digest(sum[:16]), buf
}

// checkText says what keeps a text out of a message: SQS permits #x9, #xA, #xD,
// #x20 to #xD7FF, #xE000 to #xFFFD and #x10000 to #x10FFFF. Source: API
// reference, SendMessage. Empty if nothing does.
func checkText(s string) string {
	if !utf8.ValidString(s) {
		return "is not valid UTF-8"
	}
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return fmt.Sprintf("contains %U, which SQS does not permit", r)
		}
	}
	return ""
}
