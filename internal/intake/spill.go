package intake

import "encoding/binary"

const (
	// spillParts is into how many partitions records go. At 100 million rows a
	// partition is loaded into 8 MiB.
	spillParts = 1 << spillBits
	spillBits  = 9
	// spillBlock is how much of a partition is kept in memory, and written to
	// the file at once. All partitions together take 2 MiB.
	spillBlock = 4 << 10
	// spillLink is the offset in the file of the partition's block before, plus
	// one, at the head of a block.
	spillLink = 8
)

// spill keeps records of one size in partitions. The blocks of all partitions
// share one temporary file, made when the first is full: a partition's blocks
// form a chain, and the newest is in memory. Not for concurrent use.
type spill struct {
	dir   string
	size  int // of a record, in bytes
	block int // bytes of a full block
	parts [spillParts][]byte
	count [spillParts]int
	file  *tempFile
	end   int64
}

func newSpill(dir string, size int) *spill {
	return &spill{dir: dir, size: size, block: spillLink + (spillBlock-spillLink)/size*size}
}

// add appends a record of the spill's size to a partition.
func (s *spill) add(part int, record []byte) error {
	b := s.parts[part]
	if len(b) == 0 {
		b = make([]byte, spillLink, 256)
	}
	if len(b) == s.block {
		var err error
		if b, err = s.flush(b); err != nil {
			return err
		}
	}
	s.parts[part] = append(b, record...)
	s.count[part]++
	return nil
}

// flush writes a full block and returns the empty one that follows it.
func (s *spill) flush(b []byte) ([]byte, error) {
	if s.file == nil {
		f, err := newTempFile(s.dir)
		if err != nil {
			return nil, err
		}
		s.file = f
	}
	if _, err := s.file.WriteAt(b, s.end); err != nil {
		return nil, tempError(s.dir, err)
	}
	s.end += int64(s.block)
	b = b[:spillLink]
	binary.LittleEndian.PutUint64(b, uint64(s.end-int64(s.block))+1)
	return b, nil
}

// each calls f with every record of a partition, in no order. The record is valid
// until f returns.
func (s *spill) each(part int, f func(record []byte)) error {
	var read []byte
	b := s.parts[part]
	for len(b) > 0 {
		for r := b[spillLink:]; len(r) > 0; r = r[s.size:] {
			f(r[:s.size])
		}
		before := binary.LittleEndian.Uint64(b)
		if before == 0 {
			return nil
		}
		if read == nil {
			read = make([]byte, s.block)
		}
		b = read
		if _, err := s.file.ReadAt(b, int64(before-1)); err != nil {
			return tempError(s.dir, err)
		}
	}
	return nil
}

// close gives up the temporary file.
func (s *spill) close() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}
