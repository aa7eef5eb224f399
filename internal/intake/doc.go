// Package intake reads lists of usernames: CSV and JSON, plain or gzip, files and
// standard input. Nothing is sent before a list has been read to its end, so there are
// two passes. Scan, the first, checks every row, finds exact duplicates and
// derives an ID from the list's content. List.Targets, the second, hands out
// the targets in the order of the list, and refuses bytes that the first pass
// has not seen.
//
// # Rules
//
// A list is read as RFC 4180 says and never guessed at: a stray quote stops the
// run, because the rows after it cannot be told apart. Usernames are taken as
// written. Cognito permits no white space in them, so a space at either end is
// a mistake to fix and not one to repair silently. A name that a program has
// damaged, or that is not what its column's name promises, is not valid: damaged
// names are alike, and would be dropped as duplicates. A list with passwords or
// hashes beside the names is refused. A row whose number of fields
// differs from the header's is not valid: a comma too many shifts the columns,
// and the next column's value would be reset. Blank lines, and rows whose every
// field is empty, as spreadsheets append them, name nobody: they are counted
// and skipped.
//
// # Duplicates
//
// Two rows are duplicates when their usernames are the same, byte for byte; the
// first of them is kept. Names are compared by the first 128 bits of their
// SHA-256. The chance that two of 10 million different names agree in them is
// 1.5e-25, and making two that agree takes 2^64 tries. No more than that is
// needed: whoever would try gains that one of two names of his own is left out.
//
// # Exclusions and other lists
//
// Rows that name an excluded user, by whichever name, are left out and counted.
// A Stream is a list that is no file, such as the users of a pool: it is written
// to a temporary file and then read like one.
//
// # JSON
//
// The rows of a list in JSON are its users: the elements of an array or of the
// member Users, or objects one after another. Their line, in all that follows, is
// their number, for a whole list may be one line; problems name both.
//
// # Memory
//
// Memory does not grow with the list, but for one bit a line. Digests are
// partitioned into a temporary file (mode 0600, unlinked at once) and taken back
// one partition at a time. A list of up to about 70,000 rows stays in memory.
package intake
