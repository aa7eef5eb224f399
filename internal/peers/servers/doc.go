// Package servers starts the servers and tools that we did not write and test
// with: moto, fauxqs, dynalite, the AWS CLI and promtool. Only tests import it.
//
// Where a part is missing the test is skipped with a sentence that says how to
// get it; with RELOCK_PEERS=required, which `make test-peers` sets, it fails
// instead, so that continuous integration skips nothing by accident. With
// RELOCK_PEERS=off it is skipped even where everything is there.
package servers
