package job

import (
	"unicode"
	"unicode/utf8"
)

// Fold is the username with differences of case taken away: two usernames have
// the same Fold if and only if strings.EqualFold holds for them. How Cognito
// folds letters outside of ASCII is not documented; this takes more names for the
// same than lower-casing does, which is the safe side for exclusions.
func (u Username) Fold() Username {
	for i := range len(u) {
		if c := u[i]; 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf {
			return u.fold(i)
		}
	}
	return u
}

// AnyCase reports whether names that differ from this one by case only are the same
// user's: in a pool that ignores case, fold, all of them; in every pool those that
// have the form of a sub, since a UUID's case says nothing.
func (u Username) AnyCase(fold bool) bool { return fold || u.IsUUID() }

// Key is the same for two names if and only if they differ at most in a case that
// AnyCase says counts for nothing.
func (u Username) Key(fold bool) Username {
	if u.AnyCase(fold) {
		return u.Fold()
	}
	return u
}

// fold folds what comes after the first n bytes, which are folded already.
func (u Username) fold(n int) Username {
	b := make([]byte, n, len(u))
	copy(b, u)
	for _, r := range string(u[n:]) {
		b = utf8.AppendRune(b, foldRune(r))
	}
	return Username(b)
}

// foldRune stands for all runes that differ from r by case only: the ASCII
// letter in lower case if one of them is, or else the greatest.
func foldRune(r rune) rune {
	top := r
	for next := unicode.SimpleFold(r); ; next = unicode.SimpleFold(next) {
		if next < utf8.RuneSelf && 'a' <= next && next <= 'z' {
			return next
		}
		if next == r {
			return top
		}
		top = max(top, next)
	}
}
