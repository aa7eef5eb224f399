package sqs

import (
	"encoding/base64"
	"encoding/binary"
)

// handle is what a receipt handle says: the queue, the message, and which of
// its receives.
type handle struct {
	queue   uint64 // queue.uid
	seq     uint64 // message.seq
	slot    uint32
	receipt uint32
}

const handleBytes = 28

// encode writes the handle; salt makes a checksum, so that a handle that was
// cut or made up is told from one that is merely old.
func (h handle) encode(salt uint64) string {
	var b [handleBytes]byte
	binary.BigEndian.PutUint64(b[0:], h.queue)
	binary.BigEndian.PutUint64(b[8:], h.seq)
	binary.BigEndian.PutUint32(b[16:], h.slot)
	binary.BigEndian.PutUint32(b[20:], h.receipt)
	binary.BigEndian.PutUint32(b[24:], h.sum(salt))
	return base64.StdEncoding.EncodeToString(b[:])
}

func decodeHandle(s string, salt uint64) (handle, bool) {
	var b [handleBytes + 2]byte
	if len(s) != base64.StdEncoding.EncodedLen(handleBytes) {
		return handle{}, false
	}
	if n, err := base64.StdEncoding.Strict().Decode(b[:], []byte(s)); err != nil || n != handleBytes {
		return handle{}, false
	}
	h := handle{
		queue: binary.BigEndian.Uint64(b[0:]), seq: binary.BigEndian.Uint64(b[8:]),
		slot: binary.BigEndian.Uint32(b[16:]), receipt: binary.BigEndian.Uint32(b[20:]),
	}
	return h, h.sum(salt) == binary.BigEndian.Uint32(b[24:])
}

func (h handle) sum(salt uint64) uint32 {
	return uint32(mix(salt^mix(h.queue^mix(h.seq^mix(uint64(h.slot)<<32|uint64(h.receipt))))) >> 32)
}

// mix is the finaliser of splitmix64, a bijection.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
