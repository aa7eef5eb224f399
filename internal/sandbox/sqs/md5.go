package sqs

import (
	"crypto/md5" //nolint:gosec // the protocol's checksum, not a protection
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strings"
)

// attributeValue is a message attribute on the wire.
type attributeValue struct {
	DataType         string
	StringValue      *string  `json:",omitempty"`
	BinaryValue      []byte   `json:",omitempty"`
	StringListValues []string `json:",omitempty"`
	BinaryListValues [][]byte `json:",omitempty"`
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes is the checksum that the SQS Developer Guide describes in
// "Calculating the MD5 message digest for message attributes".
func md5OfAttributes(attributes map[string]attributeValue) string {
	h := md5.New() //nolint:gosec // as above
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		v := attributes[name]
		writeSized(h, name)
		writeSized(h, v.DataType)
		if strings.HasPrefix(v.DataType, "Binary") {
			h.Write([]byte{2})
			writeSized(h, string(v.BinaryValue))
			continue
		}
		h.Write([]byte{1})
		writeSized(h, *v.StringValue)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeSized(h hash.Hash, s string) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}

// contentHash is the deduplication ID that a FIFO queue makes of a body.
func contentHash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}
