package servers

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestStart starts every server, and sees that none outlives its test.
func TestStart(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{
		"moto": StartMoto, "fauxqs": StartFauxqs, "dynalite": StartDynalite,
	} {
		t.Run(name, func(t *testing.T) {
			var url string
			if !t.Run("run", func(t *testing.T) { url = start(t) }) || url == "" {
				t.SkipNow()
			}
			if resp, err := http.Get(url); err == nil {
				_ = resp.Body.Close()
				t.Errorf("%s still answers at %s after its test", name, url)
			}
		})
	}
}
