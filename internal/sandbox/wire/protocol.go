package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// Protocol is how a service that is not called by X-Amz-Target is called.
type Protocol interface {
	// Operation names the operation that a request asks for; "" if there is none.
	Operation(r *http.Request, body []byte) string
	// Result writes the reply of a call that succeeded.
	Result(w http.ResponseWriter, c *Call, result any)
	// Error writes an error.
	Error(w http.ResponseWriter, c *Call, e *Error)
}

var (
	_ Protocol = awsJSON{}
	_ Protocol = QueryXML{}
	_ Protocol = RESTJSON{}
)

// awsJSON is AWS JSON 1.0 and 1.1.
type awsJSON struct{ s *Service }

func (awsJSON) Operation(*http.Request, []byte) string { return "" } // read from X-Amz-Target

func (p awsJSON) Result(w http.ResponseWriter, _ *Call, result any) {
	body := []byte("{}")
	if result != nil {
		var err error
		if body, err = json.Marshal(result); err != nil {
			panic(fmt.Sprintf("sandbox: marshalling a reply: %v", err)) // a bug of ours: replies are plain structs
		}
	}
	send(w, http.StatusOK, "application/x-amz-json-"+p.s.JSONVersion, body)
}

func (p awsJSON) Error(w http.ResponseWriter, _ *Call, e *Error) {
	members := map[string]any{"__type": p.s.Namespace + e.Code}
	if e.Message != "" {
		members["message"] = e.Message
	}
	maps.Copy(members, e.Extra)
	body, err := json.Marshal(members)
	if err != nil {
		panic(fmt.Sprintf("sandbox: marshalling an error: %v", err))
	}
	if p.s.QueryErrors {
		w.Header().Set("X-Amzn-Query-Error", queryError(e))
	}
	send(w, e.HTTPStatus(), "application/x-amz-json-"+p.s.JSONVersion, body)
}

// queryError is the header of services that once spoke the query protocol: the
// old code, and whose fault it was. Source: Smithy, "AWS Query compatible".
func queryError(e *Error) string {
	code := e.QueryCode
	if code == "" {
		code = e.Code
	}
	if e.HTTPStatus() >= 500 {
		return code + ";Receiver"
	}
	return code + ";Sender"
}

// faultNamespace is that of errors before a service is known.
const faultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"

// QueryXML is the query protocol: a form with Action in, XML out.
type QueryXML struct {
	// Namespace is the XML namespace, for example
	// "https://sts.amazonaws.com/doc/2011-06-15/".
	Namespace string
}

// Operation is the form's Action.
func (QueryXML) Operation(_ *http.Request, body []byte) string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	return form.Get("Action")
}

// Result writes result's members within <OperationResult>.
func (p QueryXML) Result(w http.ResponseWriter, c *Call, result any) {
	p.Write(w, c, func(b *bytes.Buffer) {
		if result == nil {
			return
		}
		name := xml.StartElement{Name: xml.Name{Local: c.Operation + "Result"}}
		if err := xml.NewEncoder(b).EncodeElement(result, name); err != nil {
			panic(fmt.Sprintf("sandbox: marshalling a reply: %v", err))
		}
	})
}

// Write writes a reply around the <OperationResult> that result writes.
func (p QueryXML) Write(w http.ResponseWriter, c *Call, result func(*bytes.Buffer)) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<%sResponse xmlns=%q>", c.Operation, p.Namespace)
	result(&b)
	fmt.Fprintf(&b, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>", c.RequestID, c.Operation)
	send(w, http.StatusOK, "text/xml", b.Bytes())
}

// Error writes an <ErrorResponse>.
func (p QueryXML) Error(w http.ResponseWriter, c *Call, e *Error) {
	var text bytes.Buffer
	_ = xml.EscapeText(&text, []byte(e.Message)) // a bytes.Buffer does not fail
	side := "Sender"
	if e.HTTPStatus() >= 500 {
		side = "Receiver"
	}
	code := e.QueryCode
	if code == "" {
		code = e.Code
	}
	send(w, e.HTTPStatus(), "text/xml", fmt.Appendf(nil,
		"<ErrorResponse xmlns=%q><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>",
		p.Namespace, side, code, &text, c.RequestID))
}

// RESTJSON is a protocol in which method and path name the operation.
type RESTJSON struct {
	// Routes maps "METHOD /path" to an operation.
	Routes map[string]string
}

// Operation looks up method and path.
func (p RESTJSON) Operation(r *http.Request, _ []byte) string {
	return p.Routes[r.Method+" "+r.URL.Path]
}

// Result writes result as JSON.
func (p RESTJSON) Result(w http.ResponseWriter, _ *Call, result any) {
	body := []byte("{}")
	if result != nil {
		var err error
		if body, err = json.Marshal(result); err != nil {
			panic(fmt.Sprintf("sandbox: marshalling a reply: %v", err))
		}
	}
	send(w, http.StatusOK, "application/json", body)
}

// Error names the code in x-amzn-ErrorType.
func (p RESTJSON) Error(w http.ResponseWriter, _ *Call, e *Error) {
	body, err := json.Marshal(map[string]string{"message": e.Message})
	if err != nil {
		panic(fmt.Sprintf("sandbox: marshalling an error: %v", err))
	}
	w.Header().Set("x-amzn-ErrorType", e.Code)
	send(w, e.HTTPStatus(), "application/json", body)
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; that is its affair
}
