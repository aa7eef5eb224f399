package sqs

// state is where a message is.
type state uint8

const (
	free     state = iota // the slot holds no message
	ready                 // visible
	delayed               // sent, not yet visible
	inFlight              // received, invisible
)

// message is one message in a queue. It is kept small: a queue of a million is
// a normal test.
type message struct {
	body  string
	extra *extra // nil for most
	// sender is the caller's unique ID.
	sender string
	// seq is unique in the service; the message ID is made from it, and it stays
	// when the message moves to a dead-letter queue.
	seq uint64
	// sent, first and received are nanoseconds since 1970: accepted, first and
	// latest receive.
	sent, first, received int64
	receives              int32
	// receipt numbers the receives of the queue; the latest handle has it.
	receipt    uint32
	next, prev uint32 // in a list; slot+1, so that 0 is none
	place      [heaps]int32
	state      state
	returned   bool // in the list of those that became visible again
}

// extra is what few messages have.
type extra struct {
	attributes  map[string]attributeValue
	trace       *attributeValue // AWSTraceHeader
	group       string
	dedup       string
	sequence    string // FIFO queues
	sourceQueue string // ARN of the queue whose redrive policy moved it here
}

// slab holds messages in chunks, so that they do not move and cost no
// allocation each.
type slab struct {
	chunks [][]message
	unused []uint32
	used   uint32 // slots ever used
}

const chunkSize = 1024

func (s *slab) at(slot uint32) *message { return &s.chunks[slot/chunkSize][slot%chunkSize] }

func (s *slab) has(slot uint32) bool { return slot < s.used }

func (s *slab) alloc() uint32 {
	if n := len(s.unused); n > 0 {
		slot := s.unused[n-1]
		s.unused = s.unused[:n-1]
		return slot
	}
	if s.used%chunkSize == 0 {
		s.chunks = append(s.chunks, make([]message, chunkSize))
	}
	s.used++
	return s.used - 1
}

func (s *slab) free(slot uint32) {
	*s.at(slot) = message{}
	s.unused = append(s.unused, slot)
}

// list is a doubly linked list through message.next and message.prev.
type list struct {
	head, tail uint32 // slot+1
	n          int
}

func (l *list) append(s *slab, slot uint32) {
	m := s.at(slot)
	m.prev, m.next = l.tail, 0
	if l.tail == 0 {
		l.head = slot + 1
	} else {
		s.at(l.tail - 1).next = slot + 1
	}
	l.tail = slot + 1
	l.n++
}

// insert puts the message into the order of seq, seeking from the head: only
// messages that come back to a FIFO queue need it, and they belong near the head.
func (l *list) insert(s *slab, slot uint32) {
	m := s.at(slot)
	at := l.head
	for at != 0 && s.at(at-1).seq < m.seq {
		at = s.at(at - 1).next
	}
	if at == 0 {
		l.append(s, slot)
		return
	}
	after := s.at(at - 1)
	m.prev, m.next = after.prev, at
	if after.prev == 0 {
		l.head = slot + 1
	} else {
		s.at(after.prev - 1).next = slot + 1
	}
	after.prev = slot + 1
	l.n++
}

func (l *list) remove(s *slab, slot uint32) {
	m := s.at(slot)
	if m.prev == 0 {
		l.head = m.next
	} else {
		s.at(m.prev - 1).next = m.next
	}
	if m.next == 0 {
		l.tail = m.prev
	} else {
		s.at(m.next - 1).prev = m.prev
	}
	m.next, m.prev = 0, 0
	l.n--
}
