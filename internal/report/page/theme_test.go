package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// TestContrast computes what WCAG 2.2 asks for: 4.5 to 1 for text (1.4.3), 3 to 1
// for what has to be seen of a picture (1.4.11).
func TestContrast(t *testing.T) {
	t.Parallel()
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"ink", "paper", 7}, {"ink", "panel", 7}, {"quiet", "paper", 4.5}, {"quiet", "panel", 4.5}, {"link", "paper", 4.5},
		{"good", "goodpanel", 4.5}, {"bad", "badpanel", 4.5}, {"warn", "warnpanel", 4.5}, {"bad", "paper", 4.5},
		{"ink", "goodpanel", 4.5}, {"ink", "badpanel", 4.5}, {"ink", "warnpanel", 4.5}, {"link", "panel", 4.5},
		{"good", "paper", 3}, {"warn", "paper", 3}, {"other", "paper", 3},
	}
	themes := map[string]func(colour) string{
		"light": func(c colour) string { return c.light },
		"dark":  func(c colour) string { return c.dark },
	}
	for theme, of := range themes {
		for _, p := range pairs {
			if got := contrast(t, of(named(t, p.front)), of(named(t, p.back))); got < p.least {
				t.Errorf("%s: %s on %s is %.2f to 1, want %.1f", theme, p.front, p.back, got, p.least)
			}
		}
	}
}

// TestEveryColourIsOfThePalette keeps colours without a computed contrast out.
func TestEveryColourIsOfThePalette(t *testing.T) {
	t.Parallel()
	if i := strings.IndexByte(styleRules, '#'); i >= 0 {
		t.Errorf("style.css names a colour of its own: %.20s", styleRules[i:])
	}
	for rest := styleRules; ; {
		_, after, ok := strings.Cut(rest, "var(--")
		if !ok {
			return
		}
		name, _, _ := strings.Cut(after, ")")
		named(t, name)
		rest = after
	}
}

func named(t *testing.T, name string) colour {
	t.Helper()
	for _, c := range palette {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("the palette has no %s", name)
	return colour{}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is relative luminance as WCAG 2.2 defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

func TestPoliciesNameWhatThePageHas(t *testing.T) {
	t.Parallel()
	if got := contrast(t, "#000000", "#ffffff"); fmt.Sprintf("%.1f", got) != "21.0" {
		t.Errorf("black on white is %v to 1, want 21", got)
	}
	for name, policy := range map[string]string{"evidence": EvidencePolicy, "status": StatusPolicy} {
		if !strings.HasPrefix(policy, "default-src 'none'; style-src "+hash(style)) || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", name, policy)
		}
	}
	// The known hash of the empty text.
	if got := hash(""); got != "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='" {
		t.Errorf("the hash of nothing is %s", got)
	}
}
