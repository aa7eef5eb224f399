package sqs

// slotHeap is a binary heap of messages by a time, smallest first. It tells
// each message its place (message.place[kind]), so that any can be taken out.
// Pushing times that grow costs O(1), which is the usual case.
type slotHeap struct {
	items []heapItem
	kind  int
	slab  *slab
}

type heapItem struct {
	key  int64
	slot uint32
}

// The heaps that a message may be in.
const (
	byWake = iota // in flight or delayed: when it becomes visible
	byAge         // every message: when it was sent
	heaps
)

func (h *slotHeap) top() (heapItem, bool) {
	if len(h.items) == 0 {
		return heapItem{}, false
	}
	return h.items[0], true
}

func (h *slotHeap) push(key int64, slot uint32) {
	h.items = append(h.items, heapItem{key, slot})
	h.up(len(h.items) - 1)
}

// remove takes a message out, wherever it is.
func (h *slotHeap) remove(slot uint32) {
	i := int(h.slab.at(slot).place[h.kind])
	last := len(h.items) - 1
	h.items[i] = h.items[last]
	h.items = h.items[:last]
	if i < last {
		h.up(i)
		h.down(int(h.slab.at(h.items[i].slot).place[h.kind]))
	}
	if cap(h.items) > 1024 && len(h.items) < cap(h.items)/4 {
		h.items = append(make([]heapItem, 0, cap(h.items)/2), h.items...)
	}
}

func (h *slotHeap) up(i int) {
	item := h.items[i]
	for i > 0 {
		parent := (i - 1) / 2
		if h.items[parent].key <= item.key {
			break
		}
		h.put(i, h.items[parent])
		i = parent
	}
	h.put(i, item)
}

func (h *slotHeap) down(i int) {
	item := h.items[i]
	for {
		child := 2*i + 1
		if child >= len(h.items) {
			break
		}
		if child+1 < len(h.items) && h.items[child+1].key < h.items[child].key {
			child++
		}
		if item.key <= h.items[child].key {
			break
		}
		h.put(i, h.items[child])
		i = child
	}
	h.put(i, item)
}

func (h *slotHeap) put(i int, item heapItem) {
	h.items[i] = item
	h.slab.at(item.slot).place[h.kind] = int32(i)
}
