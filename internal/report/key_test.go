package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"relock/internal/job"
)

func openssl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestKeysAndSignaturesAreThoseOfOpenSSL signs with a key that openssl made, and
// lets openssl verify the statement.
func TestKeysAndSignaturesAreThoseOfOpenSSL(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl here")
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	openssl(t, "genpkey", "-algorithm", "ed25519", "-out", at("key.pem"))
	openssl(t, "pkey", "-in", at("key.pem"), "-pubout", "-out", at("key.pub"))
	private, err := SigningKey(at("key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := PublicKey(at("key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(private.Public().(ed25519.PublicKey), public) {
		t.Fatal("the two keys are not a pair")
	}
	s := Sign("ledger-1", "one", job.Seal{Root: strings.Repeat("ab", 32), Leaves: 7}, private)
	sig, err := base64.StdEncoding.DecodeString(s.Signature)
	if err != nil {
		t.Fatal(err)
	}
	write(t, at("statement"), Statement("ledger-1", "one", s))
	write(t, at("sig"), sig)
	if out := openssl(t, "pkeyutl", "-verify", "-pubin", "-inkey", at("key.pub"), "-rawin", "-in", at("statement"), "-sigfile", at("sig")); !strings.Contains(out, "Verified Successfully") {
		t.Error(out)
	}
	openssl(t, "genpkey", "-algorithm", "rsa", "-out", at("rsa.pem"))
	if _, err := SigningKey(at("rsa.pem")); err == nil || !strings.Contains(err.Error(), "another kind than Ed25519") {
		t.Error(err)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeyFilesThatAreNone(t *testing.T) {
	t.Parallel()
	private, public := key(1)
	pk, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}) }
	for name, c := range map[string]struct {
		text  []byte
		mode  os.FileMode
		want  string // of SigningKey; empty: it is one
		wantP string // of PublicKey
	}{
		"private":     {block("PRIVATE KEY", pk), 0o600, "", "is not a public key"},
		"for a group": {block("PRIVATE KEY", pk), 0o640, "chmod 600", "is not a public key"},
		"public":      {block("PUBLIC KEY", pub), 0o600, "is not a private key", ""},
		"empty":       {nil, 0o600, "is not a private key", "is not a public key"},
		"cut off":     {block("PRIVATE KEY", pk[:20]), 0o600, "no private key that can be read", "is not a public key"},
		"garbage":     {block("PUBLIC KEY", []byte("x")), 0o600, "is not a private key", "no public key that can be read"},
		"huge":        {make([]byte, maxKeyFile+1), 0o600, "too large", "too large"},
	} {
		path := filepath.Join(t.TempDir(), "key")
		write(t, path, c.text)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := SigningKey(path)
		_, errP := PublicKey(path)
		for _, e := range []struct {
			err  error
			want string
		}{{err, c.want}, {errP, c.wantP}} {
			if e.want == "" && e.err != nil || e.want != "" && (e.err == nil || !strings.Contains(e.err.Error(), e.want)) {
				t.Errorf("%s: %v, want %q", name, e.err, e.want)
			}
		}
	}
	if _, err := SigningKey(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Error(err)
	}
	if _, err := SigningKey("/no/such/key"); err == nil {
		t.Error("a file that is not there is a key")
	}
}
