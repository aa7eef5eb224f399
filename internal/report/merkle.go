package report

import (
	"crypto/sha256"
	"math/bits"
)

// hash is a node of a tree.
type hash = [sha256.Size]byte

// Prefixes keep a leaf from being taken for a node. Source: RFC 6962, section 2.1.
const (
	leafPrefix = 0x00
	nodePrefix = 0x01
)

// tree computes the Merkle tree hash of RFC 6962 over leaves that come one by one.
// It keeps one hash for each bit of their number.
type tree struct {
	n     uint64
	stack []hash // complete subtrees, the largest first, one for each bit of n
	buf   []byte
}

// add appends a leaf.
func (t *tree) add(leaf []byte) {
	t.buf = append(append(t.buf[:0], leafPrefix), leaf...)
	h := sha256.Sum256(t.buf)
	for range bits.TrailingZeros64(^t.n) { // as many as there are equal subtrees to its left
		h = node(t.stack[len(t.stack)-1], h)
		t.stack = t.stack[:len(t.stack)-1]
	}
	t.stack = append(t.stack, h)
	t.n++
}

// root is the hash over all leaves so far.
func (t *tree) root() hash {
	if t.n == 0 {
		return sha256.Sum256(nil)
	}
	h := t.stack[len(t.stack)-1]
	for i := len(t.stack) - 2; i >= 0; i-- {
		h = node(t.stack[i], h)
	}
	return h
}

func node(left, right hash) hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = nodePrefix
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}
