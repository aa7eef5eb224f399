package ledger

import (
	"encoding/json"
	"fmt"
	"strings"

	"relock/internal/job"
)

// MaxExclusions is how many exclusions a job may have: the worker holds them in
// memory.
const MaxExclusions = 10_000

// CheckExclusions returns an error for more exclusions than a job may have.
func CheckExclusions(list []job.Exclusion) error {
	if len(list) > MaxExclusions {
		return fmt.Errorf("%d exclusions: a job may have %d at most", len(list), MaxExclusions)
	}
	return nil
}

// encodeExclusions gives each exclusion as one line of text: the same list is
// always the same text.
func encodeExclusions(list []job.Exclusion) ([]string, error) {
	if err := CheckExclusions(list); err != nil {
		return nil, err
	}
	lines := make([]string, len(list))
	for i, e := range list {
		b, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		lines[i] = string(b)
	}
	return lines, nil
}

// decodeExclusions reads what encodeExclusions wrote, line by line.
func decodeExclusions(text string) (list []job.Exclusion, err error) {
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var e job.Exclusion
		if err := d.Decode(&e); err != nil {
			return nil, fmt.Errorf("reading exclusion %d: %w", len(list)+1, err)
		}
		list = append(list, e)
	}
	return list, nil
}
