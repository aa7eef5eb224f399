package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/peers/servers"
)

// reply is a good answer.
func reply(body string) *http.Response {
	r := answer(http.StatusOK, "")
	r.Body = io.NopCloser(strings.NewReader(body))
	return r
}

// stub is a ledger behind a table that says of itself and of the job "j", of which
// every username is a target, what it has to, and of which writes go to put.
func stub(t *testing.T, put func(*http.Request) (*http.Response, error)) *ledger.DynamoDB {
	t.Helper()
	c := client(t, "http://127.0.0.1:1", func(http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			body, err := bodyOf(r)
			switch {
			case err != nil:
				return nil, err
			case !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetItem"):
				return put(r)
			case strings.Contains(body, `"meta"`):
				return reply(`{"Item":{"id":{"S":"ID"},"version":{"N":"1"}}}`), nil
			case strings.Contains(body, `"jobs"`):
				return reply(`{"Item":{"sk":{"S":"j"},"listed_place":{"N":"9"}}}`), nil
			default:
				return reply(`{"Item":{"place":{"N":"1"}}}`), nil
			}
		})
	})
	l, err := ledger.OpenDynamoDB(t.Context(), c, "relock", ledger.DynamoDBOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestDynamoDBPatience: what is throttled, or hangs, is tried again for a while,
// and no longer than a quarter of the lease.
func TestDynamoDBPatience(t *testing.T) {
	const user = "ana@example.com"
	hang := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, tt := range map[string]struct {
		put         func(*http.Request) (*http.Response, error)
		lease       time.Duration
		timeout     time.Duration
		least, most time.Duration
		tries       int // at least
		want        string
		answered    bool // for Unanswered
	}{
		"throttled": {
			put:   func(*http.Request) (*http.Response, error) { return answer(400, "ThrottlingException"), nil },
			lease: time.Hour, least: 10 * time.Second, most: 12 * time.Second, tries: 12, want: "throttled for too long",
		},
		"provisioned": {
			put: func(*http.Request) (*http.Response, error) {
				return answer(400, "ProvisionedThroughputExceededException"), nil
			},
			lease: time.Hour, least: 10 * time.Second, most: 12 * time.Second, tries: 12, want: "throttled for too long",
		},
		"throttled, short lease": {
			put:   func(*http.Request) (*http.Response, error) { return answer(400, "RequestLimitExceeded"), nil },
			lease: 16 * time.Second, least: 3 * time.Second, most: 4 * time.Second, tries: 5, want: "throttled for too long",
		},
		"throttled, short context": {
			put:   func(*http.Request) (*http.Response, error) { return answer(400, "ThrottlingException"), nil },
			lease: time.Hour, timeout: time.Second, least: 500 * time.Millisecond, most: time.Second, tries: 3, want: "throttled",
		},
		"hanging": {put: hang, lease: time.Hour, least: 10 * time.Second, most: 14 * time.Second, tries: 4, want: "UpdateItem on the DynamoDB table relock"},
		"hanging, short context": {
			put: hang, lease: time.Hour, timeout: time.Second, least: time.Second, most: time.Second, tries: 1,
			want: "UpdateItem on the DynamoDB table relock",
		},
		"no credentials": {
			put: func(*http.Request) (*http.Response, error) {
				return answer(400, "ExpiredTokenException"), nil
			},
			lease: time.Hour, most: time.Millisecond, tries: 1, want: "ExpiredTokenException", answered: true,
		},
		"denied": {
			put:   func(*http.Request) (*http.Response, error) { return answer(400, "AccessDeniedException"), nil },
			lease: time.Hour, most: time.Millisecond, tries: 1, want: "dynamodb:UpdateItem", answered: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				l := stub(t, func(r *http.Request) (*http.Response, error) {
					tries++
					return tt.put(r)
				})
				ctx := t.Context()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				start := time.Now()
				_, err := l.Claim(ctx, ledger.Key{Job: "j", Username: user}, "w", tt.lease)
				took := time.Since(start)
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), user) {
					t.Errorf("%v, want %q", err, tt.want)
				}
				if ledger.Unanswered(err) == tt.answered {
					t.Errorf("unanswered: %v, for %v", !tt.answered, err)
				}
				if took < tt.least || took > tt.most || tries < tt.tries {
					t.Errorf("%d tries in %v, want %d in %v to %v", tries, took, tt.tries, tt.least, tt.most)
				}
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// half lets a batch through in part: the rest comes back as not processed.
func half(rt http.RoundTripper) http.RoundTripper {
	return tripper(func(r *http.Request) (*http.Response, error) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if op != "BatchWriteItem" && op != "BatchGetItem" {
			return rt.RoundTrip(r)
		}
		body, err := bodyOf(r)
		if err != nil {
			return nil, err
		}
		put, rest, err := split(op, body)
		if err != nil {
			return nil, err
		}
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(put)), int64(len(put))
		resp, err := rt.RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusOK {
			return resp, err
		}
		defer func() { _ = resp.Body.Close() }()
		var out map[string]json.RawMessage
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			return nil, err
		}
		out[map[string]string{"BatchWriteItem": "UnprocessedItems", "BatchGetItem": "UnprocessedKeys"}[op]] = rest
		b, err := json.Marshal(out)
		return reply(string(b)), err
	})
}

// split parts the items of a batch into the first of every two and the rest.
func split(op, body string) (put string, rest json.RawMessage, err error) {
	var in struct{ RequestItems map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		return "", nil, err
	}
	for table, raw := range in.RequestItems {
		var items []json.RawMessage
		var get struct {
			ConsistentRead bool
			Keys           []json.RawMessage
		}
		if op == "BatchGetItem" {
			err = json.Unmarshal(raw, &get)
			items = get.Keys
		} else {
			err = json.Unmarshal(raw, &items)
		}
		if err != nil {
			return "", nil, err
		}
		n := (len(items) + 1) / 2
		pack := func(items []json.RawMessage) map[string]any {
			switch {
			case len(items) == 0:
				return map[string]any{}
			case op == "BatchGetItem":
				return map[string]any{table: map[string]any{"ConsistentRead": get.ConsistentRead, "Keys": items}}
			}
			return map[string]any{table: items}
		}
		b, err := json.Marshal(map[string]any{"RequestItems": pack(items[:n])})
		if err != nil {
			return "", nil, err
		}
		rest, err = json.Marshal(pack(items[n:]))
		return string(b), rest, err
	}
	return "", nil, fmt.Errorf("no table in %s", body)
}

// TestDynamoDBUnprocessed: what a server leaves of a batch is sent again.
func TestDynamoDBUnprocessed(t *testing.T) {
	clock := ledgertest.NewClock()
	l := openDynamoDB(t, client(t, servers.StartDynalite(t), half), newTable(), options(clock.Now))
	var users []job.Username
	for i := range 333 {
		users = append(users, job.Username(fmt.Sprintf("user-%d", i)))
	}
	addTargets(t, l, users...)
	recordReset(t, l, ledger.Key{Job: "j", Username: "user-332"}, "w")
	n := 0
	for e, err := range l.Entries(t.Context(), "j", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		want := job.Outcome("")
		if n == 332 {
			want = job.Reset
		}
		if e.Username != users[n] || e.Outcome != want {
			t.Errorf("entry %d: line %d, outcome %q", n, e.Line, e.Outcome)
		}
		n++
	}
	if n != len(users) {
		t.Errorf("%d entries, want %d", n, len(users))
	}
}

// TestDynamoDBOrder: a target that would be left out is an error.
func TestDynamoDBOrder(t *testing.T) {
	clock := ledgertest.NewClock()
	l := openDynamoDB(t, client(t, servers.StartDynalite(t), nil), newTable(), options(clock.Now))
	addTargets(t, l, "ana@example.com", "b", "c")
	for name, targets := range map[string][]job.Target{
		"descending": {{Username: "e", Line: 5}, {Username: "d", Line: 4}},
		"before":     {{Username: "x", Line: 2}, {Username: "d", Line: 4}},
		"moved":      {{Username: "ana@example.com", Line: 2}},
	} {
		err := l.AddTargets(t.Context(), "j", targets)
		if err == nil || !strings.Contains(err.Error(), "line ") || strings.Contains(err.Error(), "ana@") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if totals, err := l.Totals(t.Context(), "j"); err != nil || totals.Targets != 3 {
		t.Errorf("%d targets, error %v", totals.Targets, err)
	}
}
