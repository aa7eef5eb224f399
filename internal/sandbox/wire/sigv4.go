package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature Version 4 as AWS's General Reference describes it ("Signing AWS API
// requests"): a header of algorithm, credential scope, signed headers and
// signature. Queries signed in the URL are not supported.

const (
	sigAlgorithm = "AWS4-HMAC-SHA256"
	amzDate      = "20060102T150405Z"
	// maxSkew is how far X-Amz-Date may be from the server's clock.
	maxSkew = 15 * time.Minute
)

// signature is a parsed Authorization header.
type signature struct {
	keyID, date, region, service string
	signedHeaders                string // as written
	headers                      []string
	hex                          string
}

// parseSignature reads the Authorization header.
func parseSignature(header string) (signature, *Error) {
	var sig signature
	if header == "" {
		return sig, &Error{Code: "MissingAuthenticationTokenException", QueryCode: "MissingAuthenticationToken", Message: "Missing Authentication Token"}
	}
	rest, ok := strings.CutPrefix(header, sigAlgorithm)
	if !ok || rest == "" || (rest[0] != ' ' && rest[0] != '\t') {
		return sig, incomplete("Unsupported AWS 'algorithm'; use %s.", sigAlgorithm)
	}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) < 5 || scope[len(scope)-1] != "aws4_request" {
				return sig, incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'.", value)
			}
			n := len(scope)
			sig.keyID = strings.Join(scope[:n-4], "/")
			sig.date, sig.region, sig.service = scope[n-4], scope[n-3], scope[n-2]
		case "SignedHeaders":
			sig.signedHeaders = value
			sig.headers = strings.Split(value, ";")
		case "Signature":
			sig.hex = value
		}
	}
	for _, need := range []struct{ name, value string }{
		{"Credential", sig.keyID}, {"Signature", sig.hex}, {"SignedHeaders", sig.signedHeaders},
	} {
		if need.value == "" {
			return sig, incomplete("Authorization header requires '%s' parameter.", need.name)
		}
	}
	if !slices.Contains(sig.headers, "host") && !slices.Contains(sig.headers, ":authority") {
		return sig, badSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return sig, nil
}

// checkTime compares X-Amz-Date with the scope's date and, unless anyTime is
// set, with the clock.
func (sig signature) checkTime(header string, now time.Time, anyTime bool) *Error {
	if header == "" {
		return incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	at, err := time.Parse(amzDate, header)
	if err != nil {
		return incomplete("Date must be in ISO-8601 'basic format'. Got '%s'.", header)
	}
	if !strings.HasPrefix(header, sig.date) || len(sig.date) != 8 {
		return badSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", sig.date, header[:8], header)
	}
	now = now.UTC()
	switch {
	case anyTime:
	case at.Before(now.Add(-maxSkew)):
		return badSignature("Signature expired: %s is now earlier than %s (%s - 15 min.)", header, now.Add(-maxSkew).Format(amzDate), now.Format(amzDate))
	case at.After(now.Add(maxSkew)):
		return badSignature("Signature not yet current: %s is still later than %s (%s + 15 min.)", header, now.Add(maxSkew).Format(amzDate), now.Format(amzDate))
	}
	return nil
}

// verify computes the signature anew with the key's secret.
func (sig signature) verify(r *http.Request, body []byte, key [32]byte) bool {
	bodyHash := sha256.Sum256(body)
	b := make([]byte, 0, 1024)
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, canonicalPath(r.URL)...)
	b = append(b, '\n')
	b = append(b, canonicalQuery(r.URL)...)
	b = append(b, '\n')
	for _, name := range sig.headers {
		b = append(b, name...)
		b = append(b, ':')
		b = append(b, headerValue(r, name)...)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, sig.signedHeaders...)
	b = append(b, '\n')
	b = hex.AppendEncode(b, bodyHash[:])
	canonical := sha256.Sum256(b)

	b = b[:0]
	b = append(b, sigAlgorithm+"\n"...)
	b = append(b, r.Header.Get("X-Amz-Date")...)
	b = append(b, '\n')
	b = append(b, sig.date+"/"+sig.region+"/"+sig.service+"/aws4_request\n"...)
	b = hex.AppendEncode(b, canonical[:])
	want := hmacSHA256(key[:], b)
	got, err := hex.DecodeString(sig.hex)
	return err == nil && hmac.Equal(got, want[:])
}

// signingKey derives the day's key from a secret.
func signingKey(secret, date, region, service string) [32]byte {
	k := hmacSHA256([]byte("AWS4"+secret), []byte(date))
	k = hmacSHA256(k[:], []byte(region))
	k = hmacSHA256(k[:], []byte(service))
	return hmacSHA256(k[:], []byte("aws4_request"))
}

func hmacSHA256(key, data []byte) (sum [32]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host", ":authority":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := r.Header.Values(name)
	if len(values) == 1 && !strings.Contains(values[0], "  ") {
		return strings.TrimSpace(values[0])
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(trimmed, ",")
}

// canonicalPath is the path, escaped once more than it was sent (all services
// but S3).
func canonicalPath(u *url.URL) string {
	p := u.EscapedPath()
	if p == "" || p == "/" {
		return "/"
	}
	return awsEscape(p, true)
}

func canonicalQuery(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	var pairs []string
	for k, values := range u.Query() {
		for _, v := range values {
			pairs = append(pairs, awsEscape(k, false)+"="+awsEscape(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// awsEscape is RFC 3986's percent-encoding of all but the unreserved characters.
func awsEscape(s string, keepSlash bool) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func incomplete(format string, args ...any) *Error {
	return &Error{Code: "IncompleteSignatureException", QueryCode: "IncompleteSignature", Message: fmt.Sprintf(format, args...)}
}

func badSignature(format string, args ...any) *Error {
	return &Error{Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch", Message: fmt.Sprintf(format, args...)}
}
