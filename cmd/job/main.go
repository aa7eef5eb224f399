// Command job shows what the ledger knows of jobs, and pauses, resumes and cancels
// them.
package main

import (
	"os"

	"relock/internal/cli"
)

func main() { os.Exit(cli.Main(cli.Job)) }
