package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/guard"
)

// TestMisfits holds cells that are no usernames though Cognito would permit them:
// each is a problem with its line, before duplicates are dropped, and --literal
// takes those that could be names.
func TestMisfits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		header string
		cells  []string
		want   string // in the reason
		kind   ProblemKind
	}{
		{"username", []string{"1.55556E+10", "1,55556E+10", "1E+10", "1.5e-7", "+1.55556E+10", "15555550100.0"}, "a spreadsheet has rewritten", ProblemForm},
		{"phone_number", []string{"1.55556E+10", "1,55556E+10"}, "a spreadsheet has rewritten", ProblemForm},
		{"phone_number", []string{"15555550100", "00155555501"}, "without its plus sign", ProblemForm},
		{"Phone Number", []string{"+1-555-555-0100", "ana", "a@b.c", "+", "+12", "(555)5550100"}, "is not a phone number", ProblemForm},
		{"username", []string{"'+15555550100", "'=1", "'15555550100"}, "apostrophe", ProblemForm},
		{"email", []string{"'+15555550100"}, "apostrophe", ProblemForm},
		{"username", []string{`="+15555550100"`, "=+15555550100"}, "formula", ProblemForm},
		{"username", []string{"a@x.y;b@y.z", "a@x.y, b@y.z", "a@x.y b@y.z", "a@x.y/b@y.z", "a@x.y&b@y.z", "a@x.y|b@y.z", "a@x.y; b@y.z; c@z.y"}, "more than one address", ProblemForm},
		{"E-Mail", []string{"a@x.y,b@y.z", "a@x.y b@y.z"}, "more than one address", ProblemForm},
		{"username", []string{"<a@x.y>", "Ana <a@x.y>", "a@x.y <a@x.y>", `"Ana B." <a@x.y>`}, "angle brackets", ProblemForm},
		{"username", []string{"mailto:a@x.y", "MAILTO:a@x.y", "smtp:a@x.y", "tel:+15555550100"}, "mailto:", ProblemForm},
		{"email", []string{"mailto:a@x.y"}, "mailto:", ProblemForm},
		{"username", []string{"a@x.y;", ";a@x.y", "a@x.y,"}, "separator beside", ProblemForm},
		{"username", []string{"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#WERT!", "#¿NOMBRE?", "#NV", "######"}, "spreadsheet's formula", ProblemForm},
		{"username", []string{"NULL", "null", "None", "nan", "NaN", "NaT", "N/A", "n/a", "NA", "-", "--", "—", "(null)", "<nil>", "undefined", `\N`, "[]", `""`, "(blank)"}, "such as NULL", ProblemForm},
		{"sub", []string{"NULL"}, "such as NULL", ProblemForm},
		{"username", []string{`"ana"`, "'ana'", "“ana”", "‘ana’"}, "quotes", ProblemForm},
		{"username", []string{"a***@x.y", "***"}, "masked", ProblemForm},
		{"username", []string{"Jos\ufffd"}, "U+FFFD", ProblemForm},
		{"email", []string{"ana", "@x.y", "ana@", "+15555550100", "a@b@c", "a@x.y.", "(a@x.y)"}, "is not an e-mail address", ProblemForm},
		{"sub", []string{"ana", "a@x.y", "{11111111-1111-4111-8111-000000000000}", "11111111111141118111000000000000"}, "is not a sub", ProblemForm},
		{"username", []string{"HIDDEN_DUE_TO_SECURITY_REASONS"}, "CloudTrail has hidden", ProblemHidden},
	}
	for _, tt := range tests {
		for _, cell := range tt.cells {
			t.Run(tt.header+" "+cell, func(t *testing.T) {
				t.Parallel()
				quoted := `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
				cfg := Config{Paths: []string{file(t, "list.csv", tt.header+"\n"+quoted+"\n"+quoted+"\n")}}
				_, err := Scan(t.Context(), cfg)
				e, ok := errors.AsType[*RowsError](err)
				if !ok {
					t.Fatalf("error = %v, want a *RowsError", err)
				}
				if p := e.Problems; e.Invalid != 2 || p[0].Kind != tt.kind || p[0].Line != 2 || p[1].Line != 3 || !strings.Contains(p[0].Reason, tt.want) {
					t.Errorf("%d problems, the first %+v; want two of kind %q with %q", e.Invalid, p[0], tt.kind, tt.want)
				}

				cfg.Literal = true
				l, err := Scan(t.Context(), cfg)
				if kind, _ := checkUsername(cell); kind != "" || tt.kind == ProblemHidden {
					if !errors.Is(err, ErrInvalid) {
						t.Errorf("with Literal: %v, want ErrInvalid", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				if got := names(targets(t, l)); len(got) != 1 || got[0] != cell {
					t.Errorf("with Literal: %q, want %q", got, cell)
				}
			})
		}
	}
}

// TestNoMisfits holds cells that look odd and are taken.
func TestNoMisfits(t *testing.T) {
	t.Parallel()
	for header, cells := range map[string][]string{
		"username": {
			"ana", "'ana", "o'neill@x.y", "=cmd", "#ana", "-2", "12345678", "1.5", "1e5", "15555550100", "na", "nat", "nuller", "Google_123", "auth0|5f7c8ec7c33c6c004bbafe82",
			"ana_x.y#EXT#@corp.onmicrosoft.com", "a+b@x.y", "a&b@x.y", "*ana", "ana@localhost", "5f4dcc3b5aa765d61d8327deb882cf99", "$ana", "{ana}", "corp\\ana", "corp/ana", "UNKNOWN1", "#1", "Ünal",
		},
		"email":        {"ana@example.com", "o'neill@x.y", "a+b@x.y", "ñandú@exämple.com", "ana@localhost", "A.B-c_d@x-y.co"},
		"sub":          {"11111111-1111-4111-8111-000000000000", "ABCDEFAB-1111-4111-8111-000000000000"},
		"phone_number": {"+15555550100", "+4912345678"},
	} {
		for _, cell := range cells {
			l := scan(t, Config{Paths: []string{file(t, "l.csv", header+"\n"+cell+"\n")}, Literal: cell == "auth0|5f7c8ec7c33c6c004bbafe82"})
			if diff := cmp.Diff([]string{cell}, names(targets(t, l))); diff != "" {
				t.Errorf("column %s (-want +got):\n%s", header, diff)
			}
		}
	}
}

// TestHiddenPointsToTheSub says which column has what CloudTrail keeps.
func TestHiddenPointsToTheSub(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{"username,sub": `use --column "sub"`, "additionalEventData.sub,username": `use --column "additionalEventData.sub"`, "username,x": "keeps the user's sub"} {
		cell := strings.ReplaceAll(strings.ReplaceAll(header, "additionalEventData.sub", "s"), "username", hidden)
		_, err := Scan(t.Context(), Config{Paths: []string{file(t, "l.csv", header+"\n"+cell+"\n")}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", header, err, want)
		}
	}
}

// TestGuardedNamesAreTaken says that names that were targets before are taken once
// more, whatever they look like.
func TestGuardedNamesAreTaken(t *testing.T) {
	t.Parallel()
	want := []string{"null", "1.55556E+10", "'+1555", "a@x.y:b", "ana:5f4dcc3b5aa765d61d8327deb882cf99", "bob|x", "HIDDEN_DUE_TO_SECURITY_REASONS"}
	var b strings.Builder
	b.WriteString(guard.Column + ",email,metadata:" + md5Hash + "\n")
	for _, n := range want {
		fmt.Fprintf(&b, "%s,,%s\n", guard.Cell(n), md5Hash)
	}
	l := scan(t, Config{Paths: []string{file(t, "failed.csv", b.String())}})
	if diff := cmp.Diff(want, names(targets(t, l))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if l.Files[0].PassedOver != nil {
		t.Errorf("passed over %q in a list of Relock's own", l.Files[0].PassedOver)
	}
}

// TestTrim says that padding is removed before names are compared.
func TestTrim(t *testing.T) {
	t.Parallel()
	l := scan(t, Config{Paths: []string{file(t, "l.csv", "username,x\nana,1\n ana ,2\n\u00a0bob\u00a0,3\n\"carl\t\",4\n")}, Trim: true})
	if diff := cmp.Diff([]string{"ana", "bob", "carl"}, names(targets(t, l))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if l.Counts.Duplicates != 1 {
		t.Errorf("counts = %+v, want a duplicate", l.Counts)
	}
	_, err := Scan(t.Context(), Config{Paths: []string{file(t, "l.csv", "username,x\n\u00a0,1\n")}, Trim: true})
	if e, ok := errors.AsType[*RowsError](err); !ok || e.Problems[0].Kind != ProblemEmpty {
		t.Errorf("a padded nothing: %v, want an empty username", err)
	}
}

// TestPassedOver says which columns would have been taken.
func TestPassedOver(t *testing.T) {
	t.Parallel()
	path := file(t, "l.csv", "Name,E-Mail,user_name,Phone,email_verified\nAna,a@x.y,ana,,true\n")
	if diff := cmp.Diff([]string{"E-Mail", "Phone"}, scan(t, Config{Paths: []string{path}}).Files[0].PassedOver); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := scan(t, Config{Paths: []string{path}, Column: "e-mail"}).Files[0].PassedOver; got != nil {
		t.Errorf("passed over %q though a column was asked for", got)
	}
}
