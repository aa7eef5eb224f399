package ledger_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/peers/servers"
)

// fate is what becomes of a request.
type fate int

const (
	passes fate = iota
	lostBefore
	lostAfter // the server has done it, and the reply does not come
	throttled
	brokenAfter // the server has done it, and answers with a 500
)

// saboteur decides over the fate of requests.
type saboteur struct {
	rt http.RoundTripper

	mu     sync.Mutex
	decide func(op string) fate // called with mu held
	met    map[fate]int
}

// sabotage makes a saboteur, and a wrapper for client.
func sabotage(decide func(op string) fate) (*saboteur, func(http.RoundTripper) http.RoundTripper) {
	s := &saboteur{decide: decide, met: make(map[fate]int)}
	return s, func(rt http.RoundTripper) http.RoundTripper {
		s.rt = rt
		return s
	}
}

func (s *saboteur) set(decide func(op string) fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide = decide
}

var errLost = errors.New("connection reset by peer")

func (s *saboteur) RoundTrip(r *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.mu.Lock()
	f := s.decide(op)
	s.met[f]++
	s.mu.Unlock()
	switch f {
	case lostBefore:
		return nil, errLost
	case throttled:
		return answer(http.StatusBadRequest, "ThrottlingException"), nil
	}
	resp, err := s.rt.RoundTrip(r)
	if f == passes || err != nil {
		return resp, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if f == brokenAfter {
		return answer(http.StatusInternalServerError, "InternalServerError"), nil
	}
	return nil, errLost
}

// answer is an error as DynamoDB says it. Its message quotes a key, as AWS's may.
func answer(status int, code string) *http.Response {
	body := `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"key ana@example.com"}`
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amzn-Requestid": {"R-1"}},
		Body:   io.NopCloser(bytes.NewBufferString(body)),
	}
}

// TestDynamoDBWithFaults plays the whole suite over a bad network: a reply that
// is lost after the write took effect, and a throttle, may show nowhere.
func TestDynamoDBWithFaults(t *testing.T) {
	rapidly(t, 5, 30)
	rng := rand.New(rand.NewPCG(3, 14))
	s, wrap := sabotage(func(string) fate {
		switch n := rng.IntN(100); {
		case n < 8:
			return lostAfter
		case n < 12:
			return lostBefore
		case n < 15:
			return throttled
		case n < 17:
			return brokenAfter
		}
		return passes
	})
	suite := dynamoSuite(client(t, servers.StartDynalite(t), wrap))
	suite.Depth, suite.Racers, suite.Lossy = 2, 32, true
	suite.Run(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.met[lostAfter] < 100 || s.met[brokenAfter] == 0 || s.met[throttled] == 0 {
		t.Errorf("too few faults: %v", s.met)
	}
}

// TestDynamoDBHeldReply: a claim that looks like one's own, by the same owner at
// the same moment, is not taken for it.
func TestDynamoDBHeldReply(t *testing.T) {
	clock := ledgertest.NewClock()
	s, wrap := sabotage(func(string) fate { return passes })
	l := openDynamoDB(t, client(t, servers.StartDynalite(t), wrap), newTable(), options(clock.Now))
	addTargets(t, l, "a", "b")
	for _, f := range []fate{lostBefore, throttled, lostAfter} {
		want := ledger.Held
		k := ledger.Key{Job: "j", Username: "a"}
		if f == lostAfter {
			want, k.Username = ledger.Granted, "b"
		} else if _, err := l.Claim(t.Context(), k, "w", time.Minute); err != nil {
			t.Fatal(err)
		}
		s.set(once("UpdateItem", f))
		c, err := l.Claim(t.Context(), k, "w", time.Minute)
		if err != nil || c.Status != want || c.Attempt != 1 {
			t.Errorf("fate %d: status %d, attempt %d, error %v; want status %d", f, c.Status, c.Attempt, err, want)
		}
	}
}

// once gives the first request of an operation a fate.
func once(op string, f fate) func(string) fate {
	done := false
	return func(got string) fate {
		if got != op || done {
			return passes
		}
		done = true
		return f
	}
}

// TestDynamoDBOldListing: a request that lists a target, and arrives again when
// the target is claimed or has its outcome, changes nothing.
func TestDynamoDBOldListing(t *testing.T) {
	var mu sync.Mutex
	var kept []*http.Request
	var send http.RoundTripper
	wrap := func(rt http.RoundTripper) http.RoundTripper {
		send = rt
		return tripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchWriteItem") {
				body, err := bodyOf(r)
				if err != nil {
					return nil, err
				}
				again := r.Clone(background())
				again.Body = io.NopCloser(strings.NewReader(body))
				mu.Lock()
				kept = append(kept, again)
				mu.Unlock()
			}
			return rt.RoundTrip(r)
		})
	}
	clock := ledgertest.NewClock()
	l := openDynamoDB(t, client(t, servers.StartDynalite(t), wrap), newTable(), options(clock.Now))
	addTargets(t, l, "a", "b")
	a, b := ledger.Key{Job: "j", Username: "a"}, ledger.Key{Job: "j", Username: "b"}
	recordReset(t, l, a, "w")
	if _, err := l.Claim(t.Context(), b, "w", time.Minute); err != nil {
		t.Fatal(err)
	}
	if len(kept) == 0 {
		t.Fatal("nothing was listed")
	}
	for _, r := range kept {
		resp, err := send.RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", resp, err)
		}
		_ = resp.Body.Close()
	}
	for k, want := range map[ledger.Key]ledger.ClaimStatus{a: ledger.Finished, b: ledger.Held} {
		if c, err := l.Claim(t.Context(), k, "other", time.Minute); err != nil || c.Status != want {
			t.Errorf("status %d, error %v, want %d", c.Status, err, want)
		}
	}
}
