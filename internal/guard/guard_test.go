package guard

import (
	"strings"
	"testing"
)

func TestCell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"ana", "ana"},
		{"ana@example.com", "ana@example.com"},
		{"a-b+c=d", "a-b+c=d"},
		{"+15551234567", "'+15551234567"},
		{"=1+1", "'=1+1"},
		{"-2", "'-2"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"＝1+1", "'＝1+1"},
		{"\t=1", "'\t'=1"},
		{"\r\n=1", "'\r'\n'=1"},
		{"\x00x", "'\x00x"},
		{`"=1+1`, `'"=1+1`},
		{`'=1+1`, `''=1+1`},
		{"'ana", "''ana"},
		{"o'neill", "o'neill"},
		{"  =1", "'  =1"},
		{"\ufeff=1", "'\ufeff=1"},
		{"x;=1+1", "x;'=1+1"},
		{"x,y;-2\t@z", "x,y;'-2\t'@z"},
		{"x;'y", "x;''y"},
		{"x;y", "x;y"},
		{"\xff=\xfe", "\xff=\xfe"},
		{";\xff\xfe=", ";\xff\xfe="},
	} {
		if got := Cell(tt.in); got != tt.want {
			t.Errorf("Cell(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if got := Plain(tt.want); got != tt.in {
			t.Errorf("Plain(%q) = %q, want %q", tt.want, got, tt.in)
		}
	}
}

// FuzzCell checks that no part of a guarded cell, cut at any separator, can be
// evaluated, and that the cell comes back as it was.
func FuzzCell(f *testing.F) {
	for _, s := range []string{"ana", "=1", "'=1", "x;=1", ";;''=", "\t\r\n=", `"'"=`, "\xff=", "＝", "a,'b;'=c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Cell(s)
		if back := Plain(got); back != s {
			t.Fatalf("%q became %q and then %q", s, got, back)
		}
		for _, cell := range strings.FieldsFunc(got, func(r rune) bool { return r == ',' || r == ';' }) {
			if !strings.HasPrefix(cell, "'") && evaluated(cell) {
				t.Fatalf("%q keeps the cell %q", got, cell)
			}
		}
	})
}
