package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"relock/internal/job"
)

// chunkBytes is how much of a job's exclusions one item holds. An item may have
// 400 KB. Source: "Quotas in Amazon DynamoDB" in the Amazon DynamoDB Developer
// Guide.
const chunkBytes = 200_000

// errLongExclusion says that one exclusion does not fit into an item.
var errLongExclusion = errors.New("an exclusion is longer than 200,000 bytes")

// exclusionKey is the key of a part of a list of exclusions, which is named by its
// digest: lists never mix, whoever writes them.
func exclusionKey(id, digest string, n int) key {
	return key{"exclude#" + id, fmt.Sprintf("%s#%04d", digest, n)}
}

// chunks joins lines to texts of at most chunkBytes.
func chunks(lines []string) (parts []string, err error) {
	var b strings.Builder
	for _, line := range lines {
		if len(line) >= chunkBytes {
			return nil, errLongExclusion
		}
		if b.Len()+len(line) >= chunkBytes {
			parts = append(parts, b.String())
			b.Reset()
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	if b.Len() > 0 {
		parts = append(parts, b.String())
	}
	return parts, nil
}

// SetExclusions keeps whom the job must not touch. The parts of the list are
// written first; the job's item then says which list it is.
func (l *DynamoDB) SetExclusions(ctx context.Context, id string, list []job.Exclusion) error {
	lines, err := encodeExclusions(list)
	if err != nil {
		return err
	}
	parts, err := chunks(lines)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "")))
	digest := hex.EncodeToString(sum[:])
	j, err := l.jobItem(ctx, id)
	if err != nil {
		return err
	}
	if same, err := sameExclusions(j, digest, len(parts)); same || err != nil {
		return err
	}
	for n, part := range parts {
		if _, err := l.write(ctx, exclusionKey(id, digest, n), newEdit().put("list", str(part))); err != nil {
			return fmt.Errorf("keeping the exclusions of job %s: %w", id, err)
		}
	}
	e := newEdit().put("excluded", str(digest)).put("excluded_parts", num(int64(len(parts)))).
		ifIs("state", str(string(job.StateStaging)))
	if len(parts) == 0 {
		e = newEdit().drop("excluded", "excluded_parts").ifIs("state", str(string(job.StateStaging)))
	}
	w, err := l.write(ctx, jobKey(id), e)
	if err != nil {
		return fmt.Errorf("keeping the exclusions of job %s: %w", id, err)
	}
	if w.done {
		return nil
	}
	_, err = sameExclusions(w.now, digest, len(parts))
	return err
}

// sameExclusions reports whether a job has this list of exclusions already, and
// returns ErrExclusions where it can have no other.
func sameExclusions(j item, digest string, parts int) (bool, error) {
	if parts == 0 && !j.has("excluded") || parts > 0 && j.text("excluded") == digest {
		return true, nil
	}
	if job.State(j.text("state")) != job.StateStaging {
		return false, ErrExclusions
	}
	return false, nil
}

// Exclusions returns what SetExclusions kept.
func (l *DynamoDB) Exclusions(ctx context.Context, id string) ([]job.Exclusion, error) {
	j, err := l.jobItem(ctx, id)
	if err != nil {
		return nil, err
	}
	var list []job.Exclusion
	for n := range int(j.int("excluded_parts")) {
		i, err := l.get(ctx, exclusionKey(id, j.text("excluded"), n))
		if err == nil && i == nil {
			err = fmt.Errorf("part %d is missing", n+1)
		}
		var part []job.Exclusion
		if err == nil {
			part, err = decodeExclusions(i.text("list"))
		}
		if err != nil {
			return nil, fmt.Errorf("reading the exclusions of job %s: %w", id, err)
		}
		list = append(list, part...)
	}
	return list, nil
}
