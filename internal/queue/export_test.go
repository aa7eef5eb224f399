package queue

import "fmt"

// Check says whether the consumer's counters agree with what it holds.
func (c *Consumer) Check() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var inReady, inResting, bytes int
	for id, it := range c.tracked {
		bytes += it.size()
		switch it.state {
		case ready:
			inReady++
		case resting:
			inResting++
		case gone:
			return fmt.Errorf("%s is gone and tracked", id)
		}
	}
	switch {
	case inReady != len(c.ready):
		return fmt.Errorf("%d items are ready, %d are listed", inReady, len(c.ready))
	case inResting != c.resting:
		return fmt.Errorf("%d items rest, %d are counted", inResting, c.resting)
	case bytes != c.bytes:
		return fmt.Errorf("%d bytes are held, %d are counted", bytes, c.bytes)
	}
	for _, it := range c.ready {
		if it.state != ready {
			return fmt.Errorf("%s is listed as ready and is not", it.ID())
		}
	}
	return nil
}
