package wire

// NewID makes an ID in the form of a UUID, unique within the server.
func (s *Server) NewID() string { return FormatID(s.NewRandom(), s.NewRandom()) }

// FormatID writes two numbers in the form of a UUID.
func FormatID(a, b uint64) string {
	const digits = "0123456789abcdef"
	var id [36]byte
	n := 0
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			id[n] = '-'
			n++
		}
		v := a
		if i >= 16 {
			v = b
		}
		id[n] = digits[v>>(4*(15-i%16))&15]
		n++
	}
	return string(id[:])
}

// NewRandom is a number that the server never hands out twice.
func (s *Server) NewRandom() uint64 {
	x := s.salt + s.ids.Add(1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
