// Command worker resets the users that the queue names, at the pace that the quota
// allows, and records what became of each.
package main

import (
	"os"

	"relock/internal/cli"
)

func main() { os.Exit(cli.Main(cli.Worker)) }
