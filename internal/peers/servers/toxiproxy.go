package servers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Toxiproxy stands between one of our programs and a server.
type Toxiproxy struct {
	// URL is where the server is reached through it.
	URL string

	t     testing.TB
	proxy string // where the proxy is controlled
}

// StartToxiproxy starts toxiproxy in front of a server, "http://127.0.0.1:40123"
// for example. It ends with the test.
func StartToxiproxy(t testing.TB, upstream string) *Toxiproxy {
	t.Helper()
	wanted(t)
	program := filepath.Join(Dir(t), "toxiproxy", "server")
	if _, err := os.Stat(program); err != nil {
		missing(t, "toxiproxy", "make test-peers (it installs github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0 into .cache/peers/toxiproxy)")
	}
	// It does not say which port it has chosen.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(ln.Addr().String(), ":")
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	// Every server here ends with its standard input; this one is told to.
	script := fmt.Sprintf(`echo http://127.0.0.1:%s; "$0" -host 127.0.0.1 -port %[1]s & cat >/dev/null; kill $!`, port)
	control := start(t, "toxiproxy", "", "sh", "-c", script, program)
	p := &Toxiproxy{t: t, proxy: control + "/proxies/server"}
	var made struct{ Listen string }
	p.post(control+"/proxies", map[string]any{
		"name": "server", "listen": "127.0.0.1:0", "upstream": strings.TrimPrefix(upstream, "http://"), "enabled": true,
	}, &made)
	p.URL = "http://" + made.Listen
	return p
}

// Cut lets nothing through any more, in either direction; connections stay open.
func (p *Toxiproxy) Cut() {
	p.t.Helper()
	for _, stream := range []string{"upstream", "downstream"} {
		p.post(p.proxy+"/toxics", map[string]any{"name": stream, "type": "timeout", "stream": stream, "attributes": map[string]int{"timeout": 0}}, nil)
	}
}

// Mend lets all through again, on new connections.
func (p *Toxiproxy) Mend() {
	p.t.Helper()
	for _, stream := range []string{"upstream", "downstream"} {
		req, err := http.NewRequestWithContext(p.t.Context(), http.MethodDelete, p.proxy+"/toxics/"+stream, nil)
		if err != nil {
			p.t.Fatal(err)
		}
		p.do(req, nil)
	}
}

func (p *Toxiproxy) post(url string, body, reply any) {
	p.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	p.do(req, reply)
}

func (p *Toxiproxy) do(req *http.Request, reply any) {
	p.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatalf("toxiproxy: %v", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode >= http.StatusMultipleChoices {
		p.t.Fatalf("toxiproxy answers %s to %s %s", resp.Status, req.Method, req.URL)
	}
	if reply != nil {
		if err := json.NewDecoder(resp.Body).Decode(reply); err != nil {
			p.t.Fatalf("toxiproxy: %v", err)
		}
	}
}
