package intake

import (
	"encoding/csv"
	"io"
)

// report is a CSV file that is asked for; nil if it is not.
type report struct {
	csv *csv.Writer
}

// newReport returns a report that begins with a header, or nil.
func newReport(w io.Writer, header ...string) *report {
	if w == nil {
		return nil
	}
	r := &report{csv: csv.NewWriter(w)}
	_ = r.csv.Write(header) // flush returns the error.
	return r
}

func (r *report) write(fields ...string) error {
	if r == nil {
		return nil
	}
	return reportError(r.csv.Write(fields))
}

func (r *report) flush() error {
	if r == nil {
		return nil
	}
	r.csv.Flush()
	return reportError(r.csv.Error())
}

func reportError(err error) error {
	if err == nil {
		return nil
	}
	return &ListError{Kind: ErrTemp, Reason: "the list of rejected rows or duplicates cannot be written", Err: err, Remedy: "free space, or name another file"}
}
