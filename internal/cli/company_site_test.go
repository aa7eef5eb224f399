package cli_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
)

// site is the other side of a company's network: the sandbox, with TLS or
// without, with a queue and a pool.
type site struct {
	*sandbox.Server
	url  string // https://127.0.0.1:PORT
	addr string // 127.0.0.1:PORT
	ca   string // file with the issuer of its certificate
	pool *cognito.Pool

	mu    sync.Mutex
	peers []string // guarded by mu: who connected
}

const siteUsers = 10

// startSite serves a sandbox whose certificate has the given names. Without
// names it speaks plain HTTP.
func startSite(t *testing.T, region string, names ...string) *site {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{Region: region})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SQS().CreateWithDeadLetters("relock", nil); err != nil {
		t.Fatal(err)
	}
	pool, err := s.Cognito().AddPool(cognito.PoolConfig{ID: region + "_Company1", Estimate: 100})
	if err != nil {
		t.Fatal(err)
	}
	for i := range siteUsers {
		name := fmt.Sprintf("user%02d", i)
		if err := pool.Seed(cognito.Seed{Username: name, Email: name + "@example.com", EmailVerified: true}); err != nil {
			t.Fatal(err)
		}
	}
	x := &site{Server: s, pool: pool}
	web := httptest.NewUnstartedServer(s)
	web.Listener = &countingListener{web.Listener, x}
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // some clients do not trust it, and should not
	if names == nil {
		web.Start()
	} else {
		web.TLS = &tls.Config{Certificates: []tls.Certificate{x.certificate(t, names)}}
		web.StartTLS()
	}
	x.url, x.addr = web.URL, web.Listener.Addr().String()
	t.Cleanup(func() {
		_ = s.Close(context.Background()) // ends the long polls
		web.CloseClientConnections()
		web.Close()
	})
	return x
}

// certificate makes a CA, writes it to a file, and has it sign names.
func (x *site) certificate(t *testing.T, names []string) tls.Certificate {
	t.Helper()
	issue := func(c, issuer *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
		c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, c, issuer, &key.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	keys := [2]*ecdsa.PrivateKey{}
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Example Company CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	root := issue(ca, ca, keys[0], keys[0])
	leaf := issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, keys[1], keys[0])
	x.ca = filepath.Join(t.TempDir(), "company-ca.pem")
	write(t, x.ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})))
	return tls.Certificate{Certificate: [][]byte{leaf, root}, PrivateKey: keys[1]}
}

// countingListener notes who connects.
type countingListener struct {
	net.Listener
	site *site
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.site.mu.Lock()
		l.site.peers = append(l.site.peers, c.RemoteAddr().String())
		l.site.mu.Unlock()
	}
	return c, err
}

func (x *site) connected() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Sorted(slices.Values(x.peers))
}

// machine is a company's machine: a home folder and an environment.
type machine struct {
	*testing.T
	programs string // folder
	home     string
	env      []string
}

// newMachine makes a home with a profile "corp", whose lines are given, and an
// environment that has it; all else of the real environment stays out.
func newMachine(t *testing.T, programs string, profile []string, env ...string) *machine {
	t.Helper()
	m := &machine{T: t, programs: programs, home: t.TempDir()}
	write(t, filepath.Join(m.home, ".aws", "config"), "[default]\nregion = us-west-2\n\n[profile corp]\n"+strings.Join(profile, "\n")+"\n")
	write(t, filepath.Join(m.home, ".aws", "credentials"), "[default]\naws_access_key_id = AKIAWRONGPROFILE\naws_secret_access_key = wrong\n\n[corp]\naws_access_key_id = "+
		sandbox.DemoAccessKeyID+"\naws_secret_access_key = "+sandbox.DemoSecretAccessKey+"\n")
	m.env = append([]string{
		"HOME=" + m.home, "USERPROFILE=" + m.home, "PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PROFILE=corp",
	}, env...)
	return m
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a program and returns its exit code and what it said.
func (m *machine) run(program string, args ...string) (code int, said string) {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(m.programs, program), args...)
	cmd.Dir, cmd.Env = m.home, m.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), out.String()
	}
	if err != nil {
		m.Fatalf("%s: %v", program, err)
	}
	return 0, out.String()
}

// enqueue sends a list of all users and one who does not exist.
func (m *machine) enqueue(x *site, queue string) (code int, said string) {
	m.Helper()
	var list strings.Builder
	list.WriteString("username\nnobody\n")
	for i := range siteUsers {
		list.WriteString(fmt.Sprintf("user%02d\n", i))
	}
	write(m.T, filepath.Join(m.home, "users.csv"), list.String())
	return m.run("enqueue", "--user-pool-id", x.pool.ID(), "--queue", queue, "--ledger", "file:ledger", "--yes", "--max-users", "20", "users.csv")
}

// job runs enqueue and a draining worker, and expects all to be well.
func (m *machine) job(x *site, queue string) {
	m.Helper()
	if code, said := m.enqueue(x, queue); code != 0 {
		m.Fatalf("enqueue ends with %d:\n%s", code, said)
	}
	code, said := m.run("worker", "--user-pool-id", x.pool.ID(), "--queue", queue, "--ledger", "file:ledger", "--drain", "--metrics-listen", "off")
	if code != 3 {
		m.Fatalf("worker ends with %d, want 3, since one user does not exist:\n%s", code, said)
	}
	for u := range x.pool.Users() {
		if len(u.Resets) != 1 {
			m.Errorf("%s was reset %d times, want once", u.Username, len(u.Resets))
		}
	}
	for _, total := range x.Log().Totals() {
		if total.Caller != sandbox.DemoAccessKeyID {
			m.Errorf("%s was called with the access key %q, not with the profile's", total.Operation, total.Caller)
		}
	}
	if n := x.Log().Count("cognito-idp", "AdminResetUserPassword", "UserNotFoundException"); n != 1 {
		m.Errorf("%d users were not found, want 1", n)
	}
}
