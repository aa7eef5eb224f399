package cli

import (
	"crypto/ed25519"
	"fmt"

	"github.com/urfave/cli/v3"

	"relock/internal/report"
)

// signKey reads the key of --sign-key; nil without the flag.
func signKey(cmd *cli.Command) (ed25519.PrivateKey, error) {
	path := cmd.String(flagSignKey)
	if path == "" {
		return nil, nil
	}
	key, err := report.SigningKey(path)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flagSignKey, err)
	}
	return key, nil
}
