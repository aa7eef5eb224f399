// Package pushfake is a Pushgateway in memory, for tests: it keeps groups of series
// as the real one does (a POST replaces the families of the same names).
package pushfake

import (
	"bufio"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Gateway is an http.Handler. Its methods may be called concurrently.
type Gateway struct {
	mu     sync.Mutex
	groups map[string]map[string]string // path, then series, to value
	refuse int
	pushes int
	auth   string
}

// Refuse answers the next n pushes with 503.
func (g *Gateway) Refuse(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse = n
}

// Pushes is how many pushes came, the refused ones included.
func (g *Gateway) Pushes() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pushes
}

// Auth is the last push's Authorization header.
func (g *Gateway) Auth() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.auth
}

// Groups lists the grouping keys, as in job/relock/schedule/night.
func (g *Gateway) Groups() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for path := range g.groups {
		all = append(all, path)
	}
	return all
}

// Series is a group's series with their values, as the text format writes them.
func (g *Gateway) Series(group string) map[string]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make(map[string]string)
	maps.Copy(all, g.groups[group])
	return all
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/metrics/")
	group, err := url.PathUnescape(path)
	if !ok || err != nil || r.Method != http.MethodPost {
		http.Error(w, "want a POST to /metrics/…", http.StatusBadRequest)
		return
	}
	g.pushes++
	g.auth = r.Header.Get("Authorization")
	if g.refuse > 0 {
		g.refuse--
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	if g.groups == nil {
		g.groups = make(map[string]map[string]string)
	}
	if g.groups[group] == nil {
		g.groups[group] = make(map[string]string)
	}
	put(g.groups[group], r.Body)
}

// put replaces the families that the text names.
func put(series map[string]string, text io.Reader) {
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		line := lines.Text()
		if family, ok := strings.CutPrefix(line, "# TYPE "); ok {
			family, _, _ = strings.Cut(family, " ")
			for name := range series {
				if bare, _, _ := strings.Cut(name, "{"); bare == family {
					delete(series, name)
				}
			}
		}
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		series[line[:i]] = line[i+1:]
	}
}
