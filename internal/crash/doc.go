// Package crash shows what docs/promises.md promises: real programs are killed
// again and again, and the sandbox's log and the ledger say afterwards whether
// anybody was lost or reset twice without a word.
//
// The judgement (History, Judge) is plain code with tests of its own; the
// programs are built, started and killed by the tests behind the build tag crash:
//
//	go test -tags crash -v -timeout 60m ./internal/crash -args -kills 200
//
// A run prints its seed; -seed plays the same choices again. What the scheduler
// does between two of them cannot be played again.
package crash
