package cognito

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"relock/internal/sandbox/wire"
)

// client is an app client.
type client struct {
	id, name, secret string
	pool             *Pool
	created          int64
	hideUnknown      bool // PreventUserExistenceErrors: ENABLED
}

type createUserPoolClientInput struct {
	UserPoolId                 *string
	ClientName                 *string
	GenerateSecret             bool
	PreventUserExistenceErrors *string
}

func (in *createUserPoolClientInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.need("clientName", in.ClientName, rulePoolName)
	k.may("preventUserExistenceErrors", in.PreventUserExistenceErrors, rulePrevent)
}

type clientJSON struct {
	UserPoolId                 string
	ClientName                 string
	ClientId                   string
	ClientSecret               string `json:",omitempty"`
	PreventUserExistenceErrors string
	CreationDate               stamp
	LastModifiedDate           stamp
}

func (c *Cognito) createUserPoolClient(call *wire.Call, in *createUserPoolClientInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	cl := &client{name: *in.ClientName, pool: p, created: call.At.UnixNano()}
	cl.hideUnknown = in.PreventUserExistenceErrors != nil && *in.PreventUserExistenceErrors == "ENABLED"
	if in.GenerateSecret {
		cl.secret = randomName(52)
	}
	c.addClient(cl)
	out := clientJSON{
		UserPoolId: p.id, ClientName: cl.name, ClientId: cl.id, ClientSecret: cl.secret,
		PreventUserExistenceErrors: "LEGACY", CreationDate: stamp(cl.created), LastModifiedDate: stamp(cl.created),
	}
	if cl.hideUnknown {
		out.PreventUserExistenceErrors = "ENABLED"
	}
	return struct{ UserPoolClient clientJSON }{out}, nil
}

// AddClient makes an app client without a secret and returns its ID.
func (p *Pool) AddClient(name string) string {
	cl := &client{name: name, pool: p, created: p.c.now().UnixNano()}
	p.c.addClient(cl)
	return cl.id
}

func (c *Cognito) addClient(cl *client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cl.id = randomClientID()
	c.clients[cl.id] = cl
}

func randomClientID() string {
	const lower = 36 // of alphanumeric, the last 36 are a-z and 0-9
	b := []byte(randomName(26))
	for i, ch := range b {
		if 'A' <= ch && ch <= 'Z' {
			b[i] = alphanumeric[len(alphanumeric)-lower+int(ch-'A')]
		}
	}
	return string(b)
}

// client finds the app client of a request without credentials. It has no
// Region either: on loopback nothing but a signature names one.
func (c *Cognito) client(id string) (*client, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	cl := c.clients[id]
	if cl == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "User pool client %s does not exist.", id)
	}
	return cl, nil
}

// verify checks the SecretHash of clients that have a secret: HMAC-SHA256 over
// username and client ID (Cognito developer guide, "computing secret hash
// values").
func (cl *client) verify(username string, hash *string) error {
	if cl.secret == "" {
		if hash != nil {
			return notAuthorized("Client " + cl.id + " is not configured for secret but secret was received")
		}
		return nil
	}
	if hash == nil {
		return notAuthorized("Client " + cl.id + " is configured for secret but secret was not received")
	}
	mac := hmac.New(sha256.New, []byte(cl.secret))
	mac.Write([]byte(username + cl.id))
	if base64.StdEncoding.EncodeToString(mac.Sum(nil)) != *hash {
		return notAuthorized("Unable to verify secret hash for client " + cl.id)
	}
	return nil
}
