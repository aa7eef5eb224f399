package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	modernc "modernc.org/sqlite"
)

// Conn is one connection with its prepared statements. It drives the driver
// directly: database/sql's pool, its locks and its reflection would cost more
// than the statements. One goroutine at a time.
type Conn struct {
	raw   driver.Conn
	path  string
	stmts map[string]driver.Stmt
	args  []driver.NamedValue
}

// connect opens path, which has to exist; mode is "rw" or "ro".
func connect(path, mode string) (*Conn, error) {
	name := filepath.ToSlash(path)
	if name[0] != '/' { // a Windows drive
		name = "/" + name
	}
	dsn := (&url.URL{Scheme: "file", Path: name, RawQuery: "mode=" + mode}).String()
	connector, err := modernc.NewConnector(dsn)
	if err != nil {
		return nil, wrap(path, "opening", err)
	}
	raw, err := connector.Connect(context.Background())
	if err != nil {
		return nil, wrap(path, "opening", err)
	}
	return &Conn{raw: raw, path: path, stmts: make(map[string]driver.Stmt)}, nil
}

func (c *Conn) stmt(query string) (driver.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.raw.Prepare(query)
	if err != nil {
		return nil, wrap(c.path, "preparing a statement", err)
	}
	c.stmts[query] = s
	return s, nil
}

// bind turns arguments into the driver's form. The slice is used again.
func (c *Conn) bind(args []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	for i, a := range args {
		switch v := a.(type) {
		case int64, string, []byte, nil:
		case int:
			a = int64(v)
		case bool:
			a = int64(0)
			if v {
				a = int64(1)
			}
		default:
			return nil, fmt.Errorf("sqlite: argument %d is a %T", i+1, a)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args, nil
}

// Exec runs one statement and returns how many rows it changed. The statement
// is prepared once and kept, so query has to be one of a bounded set. Arguments
// are int64, int, bool, string, []byte or nil.
func (c *Conn) Exec(query string, args ...any) (int64, error) {
	s, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	values, err := c.bind(args)
	if err != nil {
		return 0, err
	}
	res, err := s.(driver.StmtExecContext).ExecContext(context.Background(), values)
	if err != nil {
		return 0, wrap(c.path, "writing", err)
	}
	return res.RowsAffected()
}

// script runs statements that are not kept.
func (c *Conn) script(sql string) error {
	_, err := c.raw.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return wrap(c.path, "writing", err)
}

// Query runs one statement and calls each for every row, until it returns an
// error or ErrStop. The row is valid only during the call. See Exec for query
// and args.
func (c *Conn) Query(query string, each func(Row) error, args ...any) (err error) {
	s, err := c.stmt(query)
	if err != nil {
		return err
	}
	values, err := c.bind(args)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), values)
	if err != nil {
		return wrap(c.path, "reading", err)
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = wrap(c.path, "reading", e)
		}
	}()
	row := make(Row, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return wrap(c.path, "reading", err)
		}
		switch err := each(row); {
		case errors.Is(err, ErrStop):
			return nil
		case err != nil:
			return err
		}
	}
}

// ErrStop ends a Query early without an error.
var ErrStop = errors.New("enough rows")

// Int returns the first column of the first row as an integer, and whether
// there was a row that is not NULL there.
func (c *Conn) Int(query string, args ...any) (n int64, ok bool, err error) {
	err = c.Query(query, func(r Row) error {
		n, ok = r[0].(int64)
		return ErrStop
	}, args...)
	return n, ok, err
}

// Text is Int for text.
func (c *Conn) Text(query string, args ...any) (s string, ok bool, err error) {
	err = c.Query(query, func(r Row) error {
		s, ok = r[0].(string)
		return ErrStop
	}, args...)
	return s, ok, err
}

func (c *Conn) close() error {
	for _, s := range c.stmts {
		_ = s.Close() // the connection's own Close reports what matters
	}
	c.stmts = nil
	return wrap(c.path, "closing", c.raw.Close())
}

// Row is one row of a result. The methods read a column, counted from 0, and
// give the zero value for NULL.
type Row []driver.Value

// Int reads an integer.
func (r Row) Int(i int) int64 { n, _ := r[i].(int64); return n }

// Bool reads an integer as a truth value.
func (r Row) Bool(i int) bool { return r.Int(i) != 0 }

// Text reads a text.
func (r Row) Text(i int) string { s, _ := r[i].(string); return s }

// Blob reads a blob; the slice is the caller's.
func (r Row) Blob(i int) []byte { b, _ := r[i].([]byte); return b }

// Null reports whether the column is NULL.
func (r Row) Null(i int) bool { return r[i] == nil }
