package wire

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The demo's key pair. Its signatures are verified; it is no secret.
const (
	DemoAccessKeyID     = "AKIASANDBOXDEMO00001"
	DemoSecretAccessKey = "sandbox/demo/secret/key/not/for/aws/0001" //nolint:gosec // published on purpose
)

// Key is what the server knows of an access key.
type Key struct {
	// Secret, where set, makes the server verify every signature of the key.
	Secret string
	// Token, where set, must be sent as X-Amz-Security-Token.
	Token string
	// ARN of the caller; empty is an IAM user named after the key.
	ARN string
	// UserID is the caller's unique ID; empty is one made from the key.
	UserID string
	// Expired makes every call fail with ExpiredTokenException.
	Expired bool
}

// keyring holds the known keys and the signing keys derived from them.
type keyring struct {
	mu        sync.RWMutex
	known     map[string]Key
	knownOnly bool
	derived   sync.Map // derivedID → [32]byte
}

type derivedID struct{ secret, date, region, service string }

func newKeyring(known map[string]Key, knownOnly bool) *keyring {
	k := &keyring{known: map[string]Key{DemoAccessKeyID: {Secret: DemoSecretAccessKey}}, knownOnly: knownOnly}
	maps.Copy(k.known, known)
	return k
}

func (k *keyring) get(id string) (Key, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok := k.known[id]
	return key, ok
}

func (k *keyring) set(id string, key Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[id] = key
}

func (k *keyring) signingKey(secret string, sig signature) [32]byte {
	id := derivedID{secret, sig.date, sig.region, sig.service}
	if v, ok := k.derived.Load(id); ok {
		return v.([32]byte)
	}
	key := signingKey(secret, sig.date, sig.region, sig.service)
	k.derived.Store(id, key)
	return key
}

// authenticate checks the request's signature for a service and returns who
// signed, and for which Region. The caller is set as far as it is known even if there is an error.
func (s *Server) authenticate(r *http.Request, body []byte, service string, now time.Time) (Caller, string, *Error) {
	sig, e := parseSignature(r.Header.Get("Authorization"))
	caller := Caller{AccessKeyID: sig.keyID, AccountID: s.cfg.AccountID}
	if e != nil {
		return caller, "", e
	}
	key, known := s.keys.get(sig.keyID)
	caller.ARN, caller.UserID = key.ARN, key.UserID
	if caller.ARN == "" {
		caller.ARN = "arn:aws:iam::" + s.cfg.AccountID + ":user/" + sig.keyID
	}
	if caller.UserID == "" {
		caller.UserID = "AIDA" + lastChars(sig.keyID, 17)
	}
	if e := sig.checkTime(r.Header.Get("X-Amz-Date"), now, s.cfg.AnyTime); e != nil {
		return caller, "", e
	}
	if service != "" && sig.service != service {
		return caller, "", badSignature("Credential should be scoped to correct service: '%s'. ", service)
	}
	if sig.region != s.cfg.Region && !slices.Contains(s.cfg.Regions, sig.region) {
		return caller, "", badSignature("Credential should be scoped to a valid region. ")
	}
	switch {
	case !known && s.keys.knownOnly,
		known && key.Token != "" && r.Header.Get("X-Amz-Security-Token") != key.Token:
		return caller, "", &Error{Code: "UnrecognizedClientException", QueryCode: "InvalidClientTokenId", Message: "The security token included in the request is invalid."}
	case key.Expired:
		return caller, "", expired()
	case key.Secret != "" && !sig.verify(r, body, s.keys.signingKey(key.Secret, sig)):
		return caller, "", badSignature("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return caller, sig.region, nil
}

func expired() *Error {
	return &Error{Code: "ExpiredTokenException", QueryCode: "ExpiredToken", Message: "The security token included in the request is expired"}
}

func lastChars(s string, n int) string { return s[max(0, len(s)-n):] }
