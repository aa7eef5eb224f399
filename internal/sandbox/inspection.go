package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
)

// mountInspection serves /_sandbox/: what happened, what is there, what goes
// wrong.
func (s *Server) mountInspection() {
	s.wire.Mount("calls", http.HandlerFunc(s.serveCalls))
	s.wire.Mount("log", http.HandlerFunc(s.serveLog))
	s.wire.Mount("faults", http.HandlerFunc(s.serveFaults))
	s.wire.Mount("reset", http.HandlerFunc(s.serveReset))
	s.wire.Mount("keys", http.HandlerFunc(s.serveKeys))
	s.wire.Mount("sqs", s.sqs.Inspection())
	s.wire.Mount("cognito", s.cognito.Inspect())
	s.wire.Mount("account", s.account.Inspect())
}

// serveCalls: GET counts calls by operation, error code and caller.
func (s *Server) serveCalls(w http.ResponseWriter, r *http.Request) {
	if !method(w, r, http.MethodGet) {
		return
	}
	writeJSON(w, map[string]any{"calls": s.log.Totals(), "throttled": s.log.Throttles()})
}

// serveLog: GET lists the latest calls as JSON lines, those after ?after=N.
func (s *Server) serveLog(w http.ResponseWriter, r *http.Request) {
	if !method(w, r, http.MethodGet) {
		return
	}
	after := int64(0)
	if v := r.FormValue("after"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			http.Error(w, "after is the number of the last line that you have", http.StatusBadRequest)
			return
		}
		after = n
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	_ = s.log.WriteLines(w, after) // the reader may be gone; that is its affair
}

// serveFaults: GET lists the rules, PUT replaces them, POST adds to them, DELETE
// ends them. Rules are objects or texts as --fault takes them.
func (s *Server) serveFaults(w http.ResponseWriter, r *http.Request) {
	if !method(w, r, http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete) {
		return
	}
	switch r.Method {
	case http.MethodPut, http.MethodPost:
		rules, err := readRules(r.Body)
		if err == nil && r.Method == http.MethodPut {
			err = s.faults.Set(rules...)
		} else if err == nil {
			err = s.faults.Add(rules...)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	case http.MethodDelete:
		s.faults.Clear()
	}
	writeJSON(w, s.faults.Rules())
}

func readRules(body io.Reader) ([]fault.Rule, error) {
	var raw []json.RawMessage
	if err := json.NewDecoder(io.LimitReader(body, 1<<20)).Decode(&raw); err != nil {
		return nil, fmt.Errorf(`reading the rules: write a list, for example ["throttle=0.05"] or [{"name":"throttle","rate":0.05}]: %w`, err)
	}
	rules := make([]fault.Rule, 0, len(raw))
	for i, m := range raw {
		var text string
		var rule fault.Rule
		var err error
		if json.Unmarshal(m, &text) == nil {
			rule, err = fault.Parse(text)
		} else {
			err = json.Unmarshal(m, &rule)
		}
		if err != nil {
			return nil, fmt.Errorf("reading rule %d: %w", i+1, err)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// serveReset: POST deletes everything.
func (s *Server) serveReset(w http.ResponseWriter, r *http.Request) {
	if !method(w, r, http.MethodPost) {
		return
	}
	s.Reset()
	w.WriteHeader(http.StatusNoContent)
}

// serveKeys: PUT with {"ID": {"expired": true, "secret": "…"}} adds or replaces
// access keys.
func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request) {
	if !method(w, r, http.MethodPut) {
		return
	}
	var keys map[string]wire.Key
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&keys); err != nil {
		http.Error(w, `write {"ACCESS-KEY-ID": {"expired": true}}: `+err.Error(), http.StatusBadRequest)
		return
	}
	for id, key := range keys {
		s.wire.SetKey(id, key)
	}
	w.WriteHeader(http.StatusNoContent)
}

func method(w http.ResponseWriter, r *http.Request, allowed ...string) bool {
	if slices.Contains(allowed, r.Method) {
		return true
	}
	http.Error(w, fmt.Sprintf("use %v", allowed), http.StatusMethodNotAllowed)
	return false
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the reader may be gone; that is its affair
}
