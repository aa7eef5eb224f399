package sqs

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"relock/internal/sandbox/wire"
)

// The query protocol, which SQS's clients spoke before 2023 (the AWS CLI 2.9 and
// boto3 1.26 of Debian 12 do): a form in, XML out. Both are turned from and to the
// JSON of the same operation, whose names follow from each other: a list has the
// singular of its JSON name and a number, and so has an entry of a map, as Name and
// Value. Source: SQS's model before its version 2023-11-08, all of whose lists are
// flattened.

const queryNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"

// maxNesting bounds the dots in a parameter's name; the longest have six.
const maxNesting = 8

// Query is the service for wire.Server.Register by the query protocol.
func (s *Service) Query() *wire.Service {
	svc := s.Wire()
	svc.Protocol = query{wire.QueryXML{Namespace: queryNamespace}}
	for name, handler := range svc.Operations {
		svc.Operations[name] = func(ctx context.Context, c *wire.Call) (any, error) {
			body, err := fromForm(c)
			if err != nil {
				return nil, err
			}
			c.Body = body
			return handler(ctx, c)
		}
	}
	return svc
}

// query is wire.QueryXML with the replies of SQS.
type query struct{ wire.QueryXML }

// Operation is the form's Action, or that of the URL.
func (q query) Operation(r *http.Request, body []byte) string {
	if op := q.QueryXML.Operation(r, body); op != "" {
		return op
	}
	return r.URL.Query().Get("Action")
}

// Result writes the members of the JSON reply within <OperationResult>.
func (q query) Result(w http.ResponseWriter, c *wire.Call, result any) {
	var members map[string]any
	text, err := json.Marshal(result)
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	if err != nil {
		panic(fmt.Sprintf("sandbox: turning a reply into XML: %v", err)) // a bug of ours: replies are plain structs
	}
	q.Write(w, c, func(b *bytes.Buffer) {
		if result != nil {
			element(b, c.Operation+"Result", members, c.Operation)
		}
	})
}

// param is a parameter, with those that its name is the beginning of.
type param struct {
	value string
	below map[string]*param
}

// fromForm is the JSON body of a call by form. Where the queue is named by the path,
// as old clients do, it becomes the QueueUrl.
func fromForm(c *wire.Call) ([]byte, error) {
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return nil, wire.Errorf("MalformedQueryString", "The query string contains a syntax error")
	}
	for name, values := range c.HTTP.URL.Query() {
		form[name] = append(form[name], values...)
	}
	top := &param{}
	for name, values := range form {
		part := strings.Split(name, ".")
		if len(part) > maxNesting {
			return nil, wire.Errorf("MalformedQueryString", "The parameter %.80q is nested too deeply", name)
		}
		at := top
		for _, p := range part {
			if at.below == nil {
				at.below = map[string]*param{}
			}
			if at.below[p] == nil {
				at.below[p] = &param{}
			}
			at = at.below[p]
		}
		at.value = values[0]
	}
	if _, named := form["QueueUrl"]; !named && strings.Count(c.HTTP.URL.Path, "/") == 2 {
		top.below["QueueUrl"] = &param{value: c.Endpoint + c.HTTP.URL.Path}
	}
	return json.Marshal(top.members())
}

// members are the members of an object.
func (p *param) members() map[string]any {
	all := make(map[string]any, len(p.below))
	for name, below := range p.below {
		switch {
		case len(below.below) == 0:
			all[name] = scalar(name, below.value)
		case below.numbered() && strings.HasSuffix(name, "RequestEntry"):
			all["Entries"] = below.list()
		case below.numbered():
			all[name+"s"] = below.list()
		default:
			all[name] = below.members()
		}
	}
	return all
}

// scalar is a text or, where the JSON protocol has one, a number.
func scalar(name, value string) any {
	switch name {
	case "DelaySeconds", "MaxNumberOfMessages", "MaxResults", "VisibilityTimeout", "WaitTimeSeconds":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return n
		}
	}
	return value
}

// numbered reports whether all below has numbers for names.
func (p *param) numbered() bool {
	for name := range p.below {
		if _, err := strconv.ParseUint(name, 10, 32); err != nil {
			return false
		}
	}
	return true
}

// list is a list in the order of its numbers, or a map if its entries are pairs.
func (p *param) list() any {
	names := slices.SortedFunc(maps.Keys(p.below), func(a, b string) int {
		m, _ := strconv.ParseUint(a, 10, 32) // numbered has read them
		n, _ := strconv.ParseUint(b, 10, 32)
		return int(m) - int(n) //nolint:gosec // 32 bits
	})
	pairs, items := map[string]any{}, []any{}
	for _, name := range names {
		at := p.below[name]
		if len(at.below) == 0 {
			items = append(items, at.value)
			continue
		}
		item := at.members()
		key, named := item["Name"].(string)
		if !named {
			key, named = item["Key"].(string)
		}
		if value, ok := item["Value"]; named && ok {
			pairs[key] = value
			continue
		}
		items = append(items, item)
	}
	if len(pairs) > 0 && len(items) == 0 {
		return pairs
	}
	return items
}

// element writes a value of a JSON reply as XML.
func element(b *bytes.Buffer, name string, value any, op string) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			element(b, itemName(name, op), item, op)
		}
		return
	case map[string]any:
		if name == "Attributes" || name == "MessageAttributes" {
			for _, key := range slices.Sorted(maps.Keys(v)) {
				element(b, strings.TrimSuffix(name, "s"), map[string]any{"Name": key, "Value": v[key]}, op)
			}
			return
		}
		fmt.Fprintf(b, "<%s>", name)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			element(b, key, v[key], op)
		}
	default:
		fmt.Fprintf(b, "<%s>", name)
		_ = xml.EscapeText(b, fmt.Append(nil, v)) // a bytes.Buffer does not fail
	}
	fmt.Fprintf(b, "</%s>", name)
}

// itemName is the element of an entry of a list.
func itemName(list, op string) string {
	switch list {
	case "Successful":
		return op + "ResultEntry"
	case "Failed":
		return "BatchResultErrorEntry"
	case "queueUrls":
		return "QueueUrl"
	default:
		return strings.TrimSuffix(list, "s")
	}
}
