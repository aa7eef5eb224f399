// Command enqueue turns lists of usernames into a job: targets in the ledger and
// a message in the queue for each.
package main

import (
	"os"

	"relock/internal/cli"
)

func main() { os.Exit(cli.Main(cli.Enqueue)) }
