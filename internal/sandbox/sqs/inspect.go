package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoQueue says that there is no queue of that name.
var ErrNoQueue = errors.New("there is no such queue")

// Create makes a queue as CreateQueue does, without a request.
func (s *Service) Create(name string, attributes map[string]string) error {
	if _, e := s.create(name, attributes); e != nil {
		return fmt.Errorf("creating queue %s: %w", name, e)
	}
	return nil
}

// ARN is the ARN of the queue of that name.
func (s *Service) ARN(name string) string { return s.arn(name) }

// Path is the path of the queue's URL; before it comes the server's address.
func (s *Service) Path(name string) string { return "/" + s.host.Account() + "/" + name }

// Names lists the queues.
func (s *Service) Names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.queues))
}

// Depth counts a queue's messages, exactly.
func (s *Service) Depth(name string) (Depth, error) {
	q := s.get(name)
	if q == nil {
		return Depth{}, fmt.Errorf("queue %s: %w", name, ErrNoQueue)
	}
	return q.depth(s.now()), nil
}

// Send appends messages to a queue without a request. Bodies are not checked.
func (s *Service) Send(name string, bodies ...string) error {
	q := s.get(name)
	if q == nil {
		return fmt.Errorf("queue %s: %w", name, ErrNoQueue)
	}
	batch := make([]outgoing, len(bodies))
	for i, body := range bodies {
		batch[i] = outgoing{body: body, sender: "AIDASANDBOX", seq: s.seq.Add(1)}
		if q.fifo {
			batch[i].extra = &extra{group: "sandbox", dedup: strconv.FormatUint(batch[i].seq, 10)}
		}
	}
	if _, _, ok := q.send(s.now(), batch); !ok {
		return fmt.Errorf("queue %s: %w", name, ErrNoQueue)
	}
	return nil
}

// Message is a message as the inspection shows it.
type Message struct {
	ID       string    `json:"id"`
	Body     string    `json:"body"`
	State    string    `json:"state"` // "visible", "in flight" or "delayed"
	Sent     time.Time `json:"sent"`
	Receives int       `json:"receives"`
	// Visible is when the message becomes visible; zero if it is.
	Visible time.Time `json:"visible,omitzero"`
	// Source is the ARN of the queue whose redrive policy moved the message.
	Source string `json:"source,omitempty"`
}

// Messages lists up to limit of a queue's messages, in no order; 0 is all. It
// changes nothing: nothing is received.
func (s *Service) Messages(name string, limit int) ([]Message, error) {
	q := s.get(name)
	if q == nil {
		return nil, fmt.Errorf("queue %s: %w", name, ErrNoQueue)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settle(s.now())
	n := len(q.age.items)
	if limit > 0 {
		n = min(n, limit)
	}
	out := make([]Message, 0, n)
	for _, item := range q.age.items[:n] {
		m := q.slab.at(item.slot)
		v := Message{ID: s.messageID(m.seq), Body: m.body, State: "visible", Sent: time.Unix(0, m.sent).UTC(), Receives: int(m.receives)}
		if m.state != ready {
			v.State = map[state]string{delayed: "delayed", inFlight: "in flight"}[m.state]
			v.Visible = time.Unix(0, q.wake.items[m.place[byWake]].key).UTC()
		}
		if m.extra != nil {
			v.Source = m.extra.sourceQueue
		}
		out = append(out, v)
	}
	return out, nil
}

// Inspection serves /_sandbox/sqs: the queues and how deep they are, and at
// /NAME/messages?limit=N what one holds.
func (s *Service) Inspection() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var out any
		var err error
		switch parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); {
		case r.Method != http.MethodGet:
			http.Error(w, "use GET", http.StatusMethodNotAllowed)
			return
		case len(parts) == 1 && parts[0] == "":
			depths := map[string]Depth{}
			for _, name := range s.Names() {
				if d, err := s.Depth(name); err == nil {
					depths[name] = d
				}
			}
			out = depths
		case len(parts) == 2 && parts[1] == "messages":
			limit := 0
			if v := r.FormValue("limit"); v != "" {
				if limit, err = strconv.Atoi(v); err != nil || limit < 1 {
					http.Error(w, "limit is a number of messages", http.StatusBadRequest)
					return
				}
			}
			out, err = s.Messages(parts[0], limit)
		default:
			err = ErrNoQueue
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // the reader may be gone; that is its affair
	})
}
