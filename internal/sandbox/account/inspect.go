package account

import (
	"encoding/json"
	"net/http"
)

// Inspect is the side door: GET /ses shows the sending quota, PUT /ses with the
// same JSON changes it.
func (a *Account) Inspect() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /ses", func(w http.ResponseWriter, _ *http.Request) { a.show(w) })
	m.HandleFunc("PUT /ses", func(w http.ResponseWriter, r *http.Request) {
		s := a.SES()
		dec := json.NewDecoder(r.Body)
		dec.DisallowUnknownFields()
		if err := dec.Decode(&s); err != nil {
			http.Error(w, "reading the body as JSON: "+err.Error(), http.StatusBadRequest)
			return
		}
		a.SetSES(s)
		a.show(w)
	})
	return m
}

func (a *Account) show(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(a.SES()) // the client may be gone; that is its affair
}
