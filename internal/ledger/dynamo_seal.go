package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"relock/internal/job"
)

// SetSeal keeps the seal of a job, once; one without a signature takes one later.
func (l *DynamoDB) SetSeal(ctx context.Context, id string, s job.Seal) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	w, err := l.write(ctx, jobKey(id), newEdit().put("seal", str(string(b))).ifHas(attrPK).ifNo("seal"))
	for {
		switch {
		case err != nil:
			return fmt.Errorf("sealing job %s: %w", id, err)
		case w.done:
			return nil
		case w.now == nil:
			return ErrNoJob
		}
		was := w.now.text("seal")
		var old job.Seal
		if err := json.Unmarshal([]byte(was), &old); err != nil {
			return fmt.Errorf("reading the seal of job %s: %w", id, err)
		}
		if keep, err := nextSeal(old, s); err != nil || keep == old {
			return err
		}
		// Unless somebody is faster, who signs it too.
		w, err = l.write(ctx, jobKey(id), newEdit().put("seal", str(string(b))).ifIs("seal", str(was)))
	}
}
