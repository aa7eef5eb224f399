package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"relock/internal/cli"
	"relock/internal/peers/servers"
	"relock/internal/sandbox/iam"
)

// TestPoliciesSufficeForDynamoDB is the night with its ledger in DynamoDB, by
// dynalite, behind a gate that knows the policies.
func TestPoliciesSufficeForDynamoDB(t *testing.T) {
	n := newNight(t, nil)
	gate := newGate(t, n.guard, servers.StartDynalite(t))
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", gate)
	t.Setenv("RELOCK_LEDGER", "dynamodb://"+table)

	if code, out := n.run(sender, cli.Enqueue, "enqueue", "--job", "night", "--yes", "--max-users", "100", "--create-table", "--exclude", n.spared, n.list); code != cli.ExitError ||
		!strings.Contains(out, "dynamodb:CreateTable") {
		t.Errorf("enqueue makes a table without table.json: exit %d\n%s", code, out)
	}
	refused := len(n.guard.Asked())
	for _, problem := range n.whole(founder, "--create-table") {
		t.Error(problem)
	}
	// Once more for the sender, who has only one policy.
	if problem := n.step(sender, cli.Enqueue, cli.ExitOK, "enqueue", "--job", "third", "--yes", "--max-users", "100", "--exclude", n.spared, n.list); problem != "" {
		t.Error(problem)
	}
	asked := n.guard.Asked()
	if len(asked) <= refused {
		t.Error("the night asked for nothing")
	}
	for _, a := range asked {
		if !a.Allowed && (a.Key != sender.key || a.Action != "dynamodb:CreateTable") {
			t.Error(a)
		}
	}
	checkNeeded(t, asked, func(action string) bool { return strings.HasPrefix(action, "dynamodb:") })
}

// credential finds the access key in an Authorization header.
var credential = regexp.MustCompile(`Credential=([^/,]+)/`)

// newGate stands before a DynamoDB and asks the guard about every call. It
// returns its URL.
func newGate(t *testing.T, guard *iam.Guard, upstream string) string {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		key := credential.FindStringSubmatch(r.Header.Get("Authorization"))
		resources, err := tableResources(body)
		keys := leadingKeys(op, body)
		if err != nil || key == nil || op == "" {
			t.Errorf("a call that the gate does not understand: %q (%v)", op, err)
			http.Error(w, "not understood", http.StatusBadRequest)
			return
		}
		for _, resource := range resources {
			if !guard.Allows(key[1], iam.Request{Action: "dynamodb:" + op, Resource: resource, Context: keys}) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User: %s is not authorized to perform: dynamodb:%s on resource: %s"}`, key[1], op, resource)
				return
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections() // the proxy's
	})
	return server.URL
}

// tableResources are the ARNs of the tables or the index that a request names.
func tableResources(body []byte) ([]string, error) {
	var in struct {
		TableName, IndexName string
		RequestItems         map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	const prefix = "arn:aws:dynamodb:" + region + ":" + account + ":table/"
	var all []string
	for name := range in.RequestItems {
		all = append(all, prefix+name)
	}
	switch {
	case in.IndexName != "":
		all = append(all, prefix+in.TableName+"/index/"+in.IndexName)
	case in.TableName != "":
		all = append(all, prefix+in.TableName)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no table in %.100s", body)
	}
	return all, nil
}

// leadingKeys are the partitions that a request writes to, without what follows
// the kind of one: that is the job's ID, a shard or a hash.
func leadingKeys(op string, body []byte) map[string][]string {
	type key struct{ PK struct{ S string } }
	var in struct {
		Key          key
		RequestItems map[string][]struct {
			PutRequest    struct{ Item key }
			DeleteRequest struct{ Key key }
		}
	}
	if op != "UpdateItem" && op != "BatchWriteItem" {
		return nil
	}
	if json.Unmarshal(body, &in) != nil {
		return map[string][]string{"dynamodb:LeadingKeys": {"not understood"}}
	}
	keys := []string{in.Key.PK.S}
	if op == "BatchWriteItem" {
		keys = nil
		for _, items := range in.RequestItems {
			for _, i := range items {
				keys = append(keys, i.PutRequest.Item.PK.S+i.DeleteRequest.Key.PK.S)
			}
		}
	}
	for i, k := range keys {
		if kind, _, ok := strings.Cut(k, "#"); ok {
			keys[i] = kind + "#"
		}
	}
	slices.Sort(keys)
	return map[string][]string{"dynamodb:LeadingKeys": slices.Compact(keys)}
}
