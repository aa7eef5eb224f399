package sqs

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

// rig is a service that is called without HTTP.
type rig struct {
	*Service
	t      testing.TB
	faults *fault.Injector
	ops    map[string]wire.Handler
}

func newRig(t testing.TB, cfg Config) *rig {
	faults := fault.New(1)
	host := wire.NewServer(wire.Config{Seed: 1})
	s := New(cfg, host, faults)
	return &rig{Service: s, t: t, faults: faults, ops: s.Wire().Operations}
}

// call calls an operation with JSON in and JSON out.
func (r *rig) call(op string, in object) (object, *wire.Error) {
	r.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		r.t.Fatal(err)
	}
	result, err := r.ops[op](r.t.Context(), &wire.Call{
		Service: SigningName, Operation: op, Region: "eu-west-1", Body: body, Endpoint: "http://sqs.test",
		Caller: wire.Caller{UserID: "AIDATEST"},
	})
	if err != nil {
		e, ok := errors.AsType[*wire.Error](err)
		if !ok {
			r.t.Fatalf("%s: %v is no wire error", op, err)
		}
		return nil, e
	}
	text, err := json.Marshal(result)
	if err != nil {
		r.t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(text, &out); err != nil {
		r.t.Fatal(err)
	}
	return out, nil
}

// must calls an operation that has to succeed.
func (r *rig) must(op string, in object) object {
	r.t.Helper()
	out, e := r.call(op, in)
	if e != nil {
		r.t.Fatalf("%s: %v", op, e)
	}
	return out
}

// queue creates a queue and returns its URL.
func (r *rig) queue(name string, attributes map[string]string) string {
	r.t.Helper()
	return r.must("CreateQueue", object{"QueueName": name, "Attributes": attributes})["QueueUrl"].(string)
}

func (r *rig) send(url, body string) string {
	r.t.Helper()
	return r.must("SendMessage", object{"QueueUrl": url, "MessageBody": body})["MessageId"].(string)
}

// got is a received message.
type got struct{ id, handle, body, receives string }

func (r *rig) receive(url string, more object) []got {
	r.t.Helper()
	in := object{"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": []string{"All"}}
	maps.Copy(in, more)
	var out []got
	for _, m := range r.must("ReceiveMessage", in)["Messages"].([]any) {
		m := m.(object)
		out = append(out, got{m["MessageId"].(string), m["ReceiptHandle"].(string), m["Body"].(string),
			m["Attributes"].(object)["ApproximateReceiveCount"].(string)})
	}
	return out
}

func (r *rig) bodies(url string, more object) string {
	r.t.Helper()
	var b []string
	for _, m := range r.receive(url, more) {
		b = append(b, m.body)
	}
	return strings.Join(b, " ")
}

func (r *rig) depth(name string) Depth {
	r.t.Helper()
	d, err := r.Depth(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}
