package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// The table name is the index of a job's usernames. It holds hashes, which are
// a third of the size, and it is filled late, in the order of the hashes and many
// at a time: usernames come in an order of their own, and an index kept row by
// row would write a page for each of them (measured at a million: 21 µs a
// target, against 4).
//
// So the last targets of a job, those beyond job.named, may not be in it yet.
// AddTargets names them when they have become many, and a look-up names them when
// it finds nothing.

// nameChunk is how many targets are named at a time: 1.6 MB of memory.
const nameChunk = 100_000

// named48 is a row of name.
type named48 struct{ hash, place int64 }

// hash48 is a username's hash. SQLite stores 48 bits in 6 bytes.
func hash48(u job.Username) int64 {
	sum := sha256.Sum256([]byte(u))
	return int64(binary.BigEndian.Uint64(sum[:])) >> 16
}

// lookUp runs query, a SELECT with the parameters job, hash and username, and
// calls each for the row found. It says whether there is one.
func (l *SQLite) lookUp(tx *sqlite.Tx, query string, num int64, u job.Username, each func(sqlite.Row) error) (ok bool, err error) {
	hash := hash48(u)
	for {
		err := tx.Query(query, func(r sqlite.Row) error {
			ok = true
			return each(r)
		}, num, hash, string(u))
		if err != nil || ok {
			return ok, err
		}
		tail, _, err := tx.Int(tailQuery, num)
		if err != nil || tail == 0 {
			return false, err
		}
		if err := l.nameTail(tx, num); err != nil {
			return false, err
		}
	}
}

// tailQuery says whether there are targets that are not named yet.
const tailQuery = `SELECT (SELECT max(place) FROM target WHERE job = ?1) > named FROM job WHERE num = ?1`

// nameTail names all targets that are not named yet. Done in part, it goes on
// at the next call.
func (l *SQLite) nameTail(tx *sqlite.Tx, num int64) error {
	var names []named48
	for {
		names = names[:0]
		err := tx.Query(`SELECT place, username FROM target
			WHERE job = ?1 AND place > (SELECT named FROM job WHERE num = ?1) ORDER BY place LIMIT ?2`,
			func(r sqlite.Row) error {
				names = append(names, named48{hash48(job.Username(r.Text(1))), r.Int(0)})
				return nil
			}, num, nameChunk)
		if err != nil || len(names) == 0 {
			return err
		}
		last := names[len(names)-1].place
		if err := l.insertNames(tx, num, names); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE job SET named = ? WHERE num = ?`, last, num); err != nil {
			return err
		}
	}
}

// insertNameRows are the statements for 1 to insertRows rows.
var insertNameRows = multiRow(`INSERT INTO name (job, hash, place) VALUES`, `(?, ?, ?)`, `ON CONFLICT DO NOTHING`)

// insertNames adds names, in the order of the table; it sorts them in place.
func (l *SQLite) insertNames(tx *sqlite.Tx, num int64, names []named48) error {
	slices.SortFunc(names, func(a, b named48) int { return cmp.Compare(a.hash, b.hash) })
	args := make([]any, 0, 3*insertRows)
	for rows := range slices.Chunk(names, insertRows) {
		args = args[:0]
		for _, n := range rows {
			args = append(args, num, n.hash, n.place)
		}
		if _, err := tx.Exec(insertNameRows[len(rows)-1], args...); err != nil {
			return err
		}
	}
	return nil
}
