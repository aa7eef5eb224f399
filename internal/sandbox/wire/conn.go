package wire

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
)

func readBody(r *http.Request, limit int64) (body []byte, tooLong bool, err error) {
	if r.Body == nil {
		return nil, false, nil
	}
	if n := r.ContentLength; n >= 0 && n <= limit {
		body = make([]byte, n)
		_, err = io.ReadFull(r.Body, body)
		return body, false, err
	}
	body, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, false, err
	}
	if int64(len(body)) > limit {
		return nil, true, nil
	}
	return body, false, nil
}

func endpoint(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// abort ends the request without a reply.
func abort(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// hardReset closes the connection so that the client sees "connection reset by
// peer" and not an orderly end.
func hardReset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort(w) // HTTP/2, or no connection at all
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the kernel says goodbye politely
	}
	_ = conn.Close()
}
