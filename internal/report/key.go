package report

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// maxKeyFile is far more than a key takes.
const maxKeyFile = 64 << 10

// SigningKey reads an Ed25519 key from a file as `openssl genpkey -algorithm
// ed25519` writes it: PEM, PKCS #8. Nobody but its owner may be able to read it.
func SigningKey(path string) (ed25519.PrivateKey, error) {
	b, mode, err := readKey(path)
	if err != nil {
		return nil, err
	}
	if mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s can be read by others (mode %04o); chmod 600 %s, or take another key if somebody may have", path, mode.Perm(), path)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s is not a private key as `openssl genpkey -algorithm ed25519` writes it (PEM, PKCS #8, without a passphrase)", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s holds no private key that can be read; make one with `openssl genpkey -algorithm ed25519`", path)
	}
	ed, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a key of another kind than Ed25519; make one with `openssl genpkey -algorithm ed25519`", path)
	}
	return ed, nil
}

// PublicKey reads an Ed25519 public key from a file as `openssl pkey -pubout`
// writes it.
func PublicKey(path string) (ed25519.PublicKey, error) {
	b, _, err := readKey(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("%s is not a public key as `openssl pkey -in KEY -pubout` writes it", path)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s holds no public key that can be read", path)
	}
	ed, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a key of another kind than Ed25519", path)
	}
	return ed, nil
}

func readKey(path string) (b []byte, mode os.FileMode, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a file", path)
	}
	if b, err = io.ReadAll(io.LimitReader(f, maxKeyFile+1)); err != nil {
		return nil, 0, err
	}
	if len(b) > maxKeyFile {
		return nil, 0, errors.New(path + " is too large for a key")
	}
	return b, info.Mode(), nil
}
