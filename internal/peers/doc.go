// Package peers holds tests against servers and tools that we did not write:
// moto, fauxqs, the AWS CLI and promtool. It has no code of its own.
//
// Suites of what AWS documents run over every server, the sandbox among them.
// Each case states what AWS documents and observes what the server does; where a
// server is known to differ, the table of differences says how. A server that
// differs elsewhere fails, and so does one that no longer differs: the table, and
// the section "Where servers differ" of docs/sandbox.md that is made from it, are
// always right. The sandbox may not differ at all.
//
// `make test-peers` installs what it can and runs these tests with
// RELOCK_PEERS=required, so that nothing is skipped; without it, tests whose part
// is missing are skipped with a sentence that says how to get it, and with
// RELOCK_PEERS=off only those run that need none.
package peers
