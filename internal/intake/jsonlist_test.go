package intake

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
)

// listing is what `aws cognito-idp list-users` prints, but for some members.
const listing = `{
    "Users": [
        {
            "Username": "ana",
            "Attributes": [
                {"Name": "sub", "Value": "11111111-1111-4111-8111-000000000000"},
                {"Name": "email", "Value": "ana@example.com"},
                {"Name": "custom:team", "Value": "a"}
            ],
            "UserCreateDate": "2024-05-01T12:00:00.123000+00:00",
            "Enabled": true,
            "MFAOptions": [{"DeliveryMedium": "SMS"}]
        },
        {
            "Username": "b\u00f6b",
            "Attributes": [{"Name": "email", "Value": "bob@example.com"}],
            "Enabled": false
        }
    ]
}
`

func TestJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, content string
		cfg           Config
		column        string
		want          []string
	}{
		{name: "a listing", content: listing, column: "Username", want: []string{"ana", "böb"}},
		{name: "with a byte order mark", content: "\ufeff" + listing, column: "Username", want: []string{"ana", "böb"}},
		{name: "in UTF-16", content: utf16Text("\ufeff"+listing, false), column: "Username", want: []string{"ana", "böb"}},
		{name: "compressed", content: gzipOf(t, listing), column: "Username", want: []string{"ana", "böb"}},
		{name: "an attribute", content: listing, cfg: Config{Column: "E-Mail"}, column: "email", want: []string{"ana@example.com", "bob@example.com"}},
		{name: "no header", content: listing, cfg: Config{NoHeader: true}, column: "Username", want: []string{"ana", "böb"}},
		{name: "pages in one file", content: `{"Users":[{"Username":"ana"}],"NextToken":"x"}` + "\n" + `{"NextToken":null,"Users":[{"Username":"bob"}]}`, column: "Username", want: []string{"ana", "bob"}},
		{name: "an array of users", content: `[{"email":"a@x.y","Username":"ana"},{"email":"b@x.y","Username":"bob"}]`, column: "Username", want: []string{"ana", "bob"}},
		{name: "an array of texts", content: ` [ "ana" , "bob" ] `, want: []string{"ana", "bob"}},
		{name: "an object a line", content: "{\"user_name\":\"ana\"}\n{\"user_name\":\"bob\"}\n", column: "user_name", want: []string{"ana", "bob"}},
		{name: "objects over lines", content: "{\n \"sub\": \"11111111-1111-4111-8111-000000000000\"\n}{\n \"sub\": \"11111111-1111-4111-8111-000000000001\"}", column: "sub", want: []string{"11111111-1111-4111-8111-000000000000", "11111111-1111-4111-8111-000000000001"}},
		{name: "of admin-get-user", content: `{"Username":"ana","UserAttributes":[{"Name":"email","Value":"a@x.y"}]}`, cfg: Config{Column: "email"}, column: "email", want: []string{"a@x.y"}},
		{name: "a member that is called otherwise later", content: `[{"Username":"ana"},{"username":"bob"}]`, column: "Username", want: []string{"ana", "bob"}},
		{name: "a number", content: `[{"id":7},{"id":"8"}]`, cfg: Config{Column: "id"}, column: "id", want: []string{"7", "8"}},
		{name: "trimmed", content: `["ana "," bob"]`, cfg: Config{Trim: true}, want: []string{"ana", "bob"}},
		{name: "duplicates", content: `["ana","ana","bob"]`, want: []string{"ana", "bob"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.Paths = []string{file(t, "l.json", tt.content)}
			l := scan(t, tt.cfg)
			if diff := cmp.Diff(tt.want, names(targets(t, l))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if f := l.Files[0]; !f.JSON || f.Column != tt.column {
				t.Errorf("JSON = %v, column = %q, want %q", f.JSON, f.Column, tt.column)
			}
		})
	}
}

// TestJSONPlaces says that users are numbered, that members become metadata, and
// that a list in JSON goes with others.
func TestJSONPlaces(t *testing.T) {
	t.Parallel()
	a, b := file(t, "a.json", listing), file(t, "b.csv", "username,custom:team\nböb,x\ncarl,c\n")
	l := scan(t, Config{Paths: []string{a, b}, MetadataColumns: []string{"custom:team=team"}})
	want := []job.Target{
		{Username: "ana", Line: 1, Metadata: map[string]string{"team": "a"}},
		{Username: "böb", Line: 2},
		{Username: "carl", File: 1, Line: 3, Metadata: map[string]string{"team": "c"}},
	}
	if diff := cmp.Diff(want, targets(t, l)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]Duplicate{{File: b, Line: 2, FirstFile: a, FirstLine: 2, Differs: true}}, l.Duplicates); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sub", "email"}, l.Files[0].PassedOver); diff != "" {
		t.Errorf("PassedOver (-want +got):\n%s", diff)
	}
}

func TestJSONRows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ content, want string }{
		{"[\"ana\",\n\"b b\"]", "l.json:2: user 2: the username contains a space (U+0020), which Cognito does not permit"},
		{"[\n{\"Username\":\"ana\"},\n\n{\n\"email\":\"x\"}]", "l.json:4: user 2: column Username: the username is empty"},
		{`[{"Username":"ana"},{"Username":null}]`, "l.json:1: user 2: column Username: the username is empty"},
		{"[\"ana\"\n,7]", "l.json:2: user 2: is no user: neither an object nor a text"},
		{`["ana",{"Username":"bob"}]`, "l.json:1: user 2: is an object, and the first element is none"},
		{`[{"Username":"ana"},"bob"]`, "l.json:1: user 2: is no object, and the first element is one"},
		{`[{"Username":"ana"},["bob"]]`, "l.json:1: user 2: is no object, and the first element is one"},
		{`[{"Username":"ana"},{"Username":["bob"]}]`, `l.json:1: user 2: the member "Username" is an array or an object, not a text`},
		{`[{"Username":"ana"},{"Username":"bob","Username":"carl"}]`, `l.json:1: user 2: the member "Username" comes twice`},
		{`["ana","\ud800"]`, `l.json:1: user 2: is not valid UTF-8, or holds half a pair of \u escapes`},
		{"[\"ana\",\"b\xffb\"]", `l.json:1: user 2: is not valid UTF-8, or holds half a pair of \u escapes`},
		{`["ana","NULL"]`, "l.json:1: user 2: holds a word that programs write where they have nothing, such as NULL"},
		{`[{"email":"a@x.y"},{"email":"ana"}]`, "l.json:1: user 2: column email: is not an e-mail address, which the column's name promises"},
		{"[\"ana\",\n\n\n\"HIDDEN_DUE_TO_SECURITY_REASONS\"]", "l.json:4: user 2: CloudTrail has hidden the username, and keeps the user's sub"},
	} {
		path := file(t, "l.json", tt.content)
		cfg := Config{Paths: []string{path}}
		_, err := Scan(t.Context(), cfg)
		e, ok := errors.AsType[*RowsError](err)
		if !ok || e.Invalid != 1 {
			t.Errorf("%s: error = %v, want one row that is not valid", tt.content, err)
			continue
		}
		if diff := cmp.Diff(tt.want, strings.ReplaceAll(e.Problems[0].String(), path, "l.json")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.content, diff)
		}
		var rejects bytes.Buffer
		cfg.SkipInvalid, cfg.Rejects = true, &rejects
		if l := scan(t, cfg); l.Counts.Targets != 1 || strings.Count(rejects.String(), path) != 1 {
			t.Errorf("%s: counts = %+v, rejects %s", tt.content, l.Counts, &rejects)
		}
	}
}

func TestJSONErrors(t *testing.T) {
	t.Parallel()
	const cut = "is cut: its NextToken or PaginationToken says that more users follow, which would be left out; list without --max-items, --limit and --no-paginate, or from the pool itself with --all-users; if no others are meant: jq .Users FILE | enqueue -"
	for _, tt := range []struct {
		content string
		cfg     Config
		kind    error
		want    string
	}{
		{content: `{"Users":[{"Username":"ana"}],"PaginationToken":"x"}`, kind: ErrFormat, want: "l.json: " + cut},
		{content: `{"NextToken":"x","Users":["ana"]}`, kind: ErrFormat, want: "l.json: " + cut},
		{content: `{"Users":[],"NextToken":"x"}`, kind: ErrFormat, want: "l.json: " + cut},
		{content: `{"Users": []}`, kind: ErrEmpty, want: "l.json: has no users; check how the list was made"},
		{content: `[]`, kind: ErrEmpty, want: "l.json: has no users; check how the list was made"},
		{content: "[\"ana\",\n\"bob\"", kind: ErrFormat, want: "l.json:2: the JSON ends too early; the rest of the list is missing; fetch the list again"},
		{content: "{\"Users\":[{\"Username\":\"ana\"},\n{\"Usern", kind: ErrFormat, want: "l.json:1: the JSON ends too early; the rest of the list is missing; fetch the list again"},
		{content: "[\n{\"Username\":\"ana\"},\n{\"Username\" \"bob\"}]", kind: ErrFormat, want: "l.json:2: is not valid JSON after this place: invalid character '\"' after object key; check how the list was made"},
		{content: "{\"Username\":\"ana\"}\n\"bob\"", kind: ErrFormat, want: "l.json:2: holds a value that is neither an array nor an object where users are to be; want an array of users or of usernames, the output of list-users, or an object a line"},
		{content: `{"Users":{"Username":"ana"}}`, kind: ErrFormat, want: "l.json:1: holds a value that is neither an array nor an object where users are to be; want an array of users or of usernames, the output of list-users, or an object a line"},
		{content: `{"Records":[{"eventName":"x"}]}`, kind: ErrHeader, want: `l.json: the first user has none of the members username, cognito:username, user, login, email, sub, phone_number; it has "Records"; name the member with --column; the users of a listing are its member Users`},
		{content: `["ana"]`, cfg: Config{Column: "email"}, kind: ErrHeader, want: "l.json: is an array of texts, which have no members; leave --column and --metadata-column out"},
		{content: listing, cfg: Config{Column: "2", NoHeader: true}, kind: ErrHeader, want: "l.json: is JSON, whose members have no numbers; leave --no-header out, and name them"},
		{content: `["ana","bob@x.y:` + md5Hash + `"]`, kind: ErrSecret, want: "l.json:1: the row holds more than a name, as lists of leaked accounts do: a password or its hash, which must not be copied; make a list of the names alone, as in: cut -d: -f1 FILE | enqueue --no-header -"},
		{content: `["ana","` + strings.Repeat("b", 3*maxRow) + `"]`, kind: ErrFormat, want: "l.json:1: the user that begins here does not end within 1 MiB; check how the list was made"},
	} {
		path := file(t, "l.json", tt.content)
		tt.cfg.Paths = []string{path}
		_, err := Scan(t.Context(), tt.cfg)
		if diff := cmp.Diff(tt.want, message(err, path)); diff != "" || !errors.Is(err, tt.kind) {
			t.Errorf("%.100s: error (-want +got):\n%s", tt.content, diff)
		}
	}
}

// TestLongJSON says that places are right beyond every buffer.
func TestLongJSON(t *testing.T) {
	t.Parallel()
	const users = 5000
	var b strings.Builder
	b.WriteString("{\"Users\": [\n")
	for i := range users {
		fmt.Fprintf(&b, "  {\n    \"Username\": \"user%06d\",\n    \"Attributes\": []\n  },\n", i)
	}
	b.WriteString("  {\n    \"Username\": \"b b\"}\n]}\n")
	path := file(t, "l.json", b.String())
	l := scan(t, Config{Paths: []string{path}, SkipInvalid: true})
	ts := targets(t, l)
	if len(ts) != users || ts[users-1].Username != "user004999" || ts[users-1].Line != users {
		t.Errorf("%d targets, the last %+v", len(ts), ts[len(ts)-1])
	}
	if p := l.Problems[0]; p.Line != 4*users+2 || p.Element != users+1 {
		t.Errorf("problem of user %d on line %d, want %d, %d", p.Element, p.Line, users+1, 4*users+2)
	}
}
