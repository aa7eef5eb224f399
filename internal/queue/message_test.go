package queue

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestMessageRoundTrip(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]Message{
		"plain":    {Ledger: "L", Job: "j", Pool: "eu-west-1_Ab", Username: "ana@example.com"},
		"metadata": {Ledger: "L", Job: "j", Pool: "eu-west-1_Ab", Username: "a", Metadata: map[string]string{"case": "INC-1", "": ""}},
		"special":  {Ledger: "L", Job: "j", Pool: "p", Username: "=\"<&>\\\u202eü\u2028"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := Encode(m)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(b)
			if err != nil {
				t.Fatalf("Decode(%s): %v", b, err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Errorf("-sent +received:\n%s", diff)
			}
		})
	}
}

func TestEncodeIsTheDocumentedForm(t *testing.T) {
	t.Parallel()
	b, err := Encode(Message{Ledger: "01JD", Job: "inc-2026-1123", Pool: "eu-west-1_AbCdEf123", Username: "ana@example.com", Metadata: map[string]string{"case": "INC-1123"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"v":1,"ledger":"01JD","job":"inc-2026-1123","pool":"eu-west-1_AbCdEf123","username":"ana@example.com","metadata":{"case":"INC-1123"}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const good = `"v":1,"ledger":"L","job":"j","pool":"p","username":"u"`
	for name, tc := range map[string]struct {
		body string
		want RejectReason
	}{
		"empty":             {``, RejectNotJSON},
		"not an object":     {`[1]`, RejectNotJSON},
		"null":              {`null`, RejectNotJSON},
		"cut off":           {`{` + good, RejectNotJSON},
		"trailing":          {`{` + good + `} {}`, RejectNotJSON},
		"trailing garbage":  {`{` + good + `}x`, RejectNotJSON},
		"invalid UTF-8":     {`{` + strings.Replace(good, `"u"`, "\"\xff\"", 1) + `}`, RejectNotJSON},
		"oversize":          {`{` + good + `,"metadata":{"k":"` + strings.Repeat("x", MaxBody) + `"}}`, RejectOversize},
		"no version":        {`{"ledger":"L","job":"j","pool":"p","username":"u"}`, RejectMissingField},
		"newer version":     {`{` + strings.Replace(good, `"v":1`, `"v":2`, 1) + `}`, RejectVersion},
		"newer, with more":  {`{"v":2,"ledger":"L","targets":[{"u":"x"}]}`, RejectVersion},
		"version as text":   {`{` + strings.Replace(good, `"v":1`, `"v":"1"`, 1) + `}`, RejectWrongType},
		"unknown member":    {`{` + good + `,"force":true}`, RejectUnknownField},
		"other case":        {`{` + strings.Replace(good, `"pool"`, `"Pool"`, 1) + `}`, RejectUnknownField},
		"member twice":      {`{` + good + `,"username":"root"}`, RejectUnknownField},
		"username a number": {`{` + strings.Replace(good, `"u"`, `7`, 1) + `}`, RejectWrongType},
		"username null":     {`{` + strings.Replace(good, `"u"`, `null`, 1) + `}`, RejectWrongType},
		"username empty":    {`{` + strings.Replace(good, `"u"`, `""`, 1) + `}`, RejectMissingField},
		"no job":            {`{"v":1,"ledger":"L","pool":"p","username":"u"}`, RejectMissingField},
		"metadata a list":   {`{` + good + `,"metadata":[]}`, RejectWrongType},
		"metadata null":     {`{` + good + `,"metadata":null}`, RejectWrongType},
		"metadata of null":  {`{` + good + `,"metadata":{"k":null}}`, RejectWrongType},
		"metadata of int":   {`{` + good + `,"metadata":{"k":1}}`, RejectWrongType},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode([]byte(tc.body))
			mal, ok := errors.AsType[*MalformedError](err)
			if !ok {
				t.Fatalf("got %v, want a *MalformedError", err)
			}
			if mal.Reason != tc.want {
				t.Errorf("got %s, want %s", mal.Reason, tc.want)
			}
			if strings.Contains(err.Error(), "root") {
				t.Errorf("the error quotes the body: %v", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"ledger":"L","job":"j","pool":"p","username":"u","metadata":{"a":"b"}}`))
	f.Add([]byte(`{"v":1,"ledger":"L","job":"j","pool":"p","username":"\ud800"}`))
	f.Add([]byte(`{"v":1e0,"ledger":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Decode(body)
		if quick, ok := decodePlain(body); ok && utf8.Valid(body) && len(body) <= MaxBody {
			if slow, err := decodeStrict(body); err != nil || !cmp.Equal(quick, slow) {
				t.Fatalf("the quick decoder says %#v, the strict one %#v, %v", quick, slow, err)
			}
		}
		if err != nil {
			if _, ok := errors.AsType[*MalformedError](err); !ok {
				t.Fatalf("got %T, want a *MalformedError", err)
			}
			if diff := cmp.Diff(Message{}, m); diff != "" {
				t.Fatalf("a refused body left something:\n%s", diff)
			}
			return
		}
		if m.Username == "" || m.Pool == "" || m.Job == "" || m.Ledger == "" {
			t.Fatalf("accepted with an empty member: %#v", m)
		}
		// What was accepted says the same after another round.
		b, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(b)
		if len(b) > MaxBody {
			return
		}
		if err != nil {
			t.Fatalf("Decode(Encode(m)): %v", err)
		}
		if diff := cmp.Diff(m, again); diff != "" {
			t.Fatalf("a round changes the message:\n%s", diff)
		}
	})
}
