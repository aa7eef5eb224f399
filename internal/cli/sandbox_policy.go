package cli

import (
	"fmt"
	"os"
	"strings"

	"relock/internal/sandbox"
	"relock/internal/sandbox/iam"
)

// addPolicy adds a policy of the form [KEY=]FILE.
func addPolicy(cfg *sandbox.Config, text string) error {
	key, file, ok := strings.Cut(text, "=")
	if !ok {
		key, file = "", text
	}
	doc, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("opening the policy: %w", err)
	}
	p, err := iam.Parse(doc)
	if err != nil {
		return err
	}
	if cfg.Guard == nil {
		cfg.Guard = new(iam.Guard)
	}
	cfg.Guard.Add(key, p)
	return nil
}
