// Command sandbox serves a stand-in for the parts of AWS that Relock calls.
package main

import (
	"os"

	"relock/internal/cli"
)

func main() { os.Exit(cli.Main(cli.Sandbox)) }
