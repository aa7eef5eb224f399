package cli_test

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// proxy is a CONNECT proxy as companies have them: it wants a password, writes
// down where to, and is the only way to names that nobody else can resolve.
type proxy struct {
	addr string
	// to is where every name leads.
	to string

	mu       sync.Mutex
	open     map[net.Conn]bool // guarded by mu
	connects []string          // guarded by mu: the names asked for, "host:port"
	refused  int               // guarded by mu: without the right password, or no CONNECT
	dialled  []string          // guarded by mu: our own addresses of the connections to the server
}

const proxyUser, proxyPassword = "jane", "correct horse"

// startProxy listens on loopback until the test ends.
func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: ln.Addr().String(), to: to, open: map[net.Conn]bool{}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return // closed below
			}
			p.keep(c)
			wg.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		p.mu.Lock()
		for c := range p.open {
			_ = c.Close()
		}
		p.mu.Unlock()
		wg.Wait()
	})
	return p
}

func (p *proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
}

func (p *proxy) drop(c net.Conn) {
	_ = c.Close() // the other side may have done so
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// serve answers one client connection, which carries one CONNECT.
func (p *proxy) serve(c net.Conn) {
	defer p.drop(c)
	in := bufio.NewReader(c)
	req, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword))
	if req.Method != http.MethodConnect || req.Header.Get("Proxy-Authorization") != want {
		p.mu.Lock()
		p.refused++
		p.mu.Unlock()
		_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"example\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		return
	}
	up, err := net.Dial("tcp", p.to)
	if err != nil {
		_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	p.keep(up)
	defer p.drop(up)
	p.mu.Lock()
	p.connects = append(p.connects, req.Host)
	p.dialled = append(p.dialled, up.LocalAddr().String())
	p.mu.Unlock()
	if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(c, up)
		_ = c.Close()
	})
	_, _ = io.Copy(up, in)
	_ = up.Close()
	back.Wait()
}

// log is the distinct names asked for, how many requests were refused, and the
// addresses from which the server was called.
func (p *proxy) log() (names []string, refused int, dialled []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	names = slices.Compact(slices.Sorted(slices.Values(p.connects)))
	return names, p.refused, slices.Sorted(slices.Values(p.dialled))
}
