package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
)

// The roots of the test vectors of Certificate Transparency's reference
// implementation (google/certificate-transparency, merkle_tree_test.cc).
func TestTreeIsThatOfRFC6962(t *testing.T) {
	t.Parallel()
	leaves := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var tr tree
	if got := hex.EncodeToString(func() []byte { h := tr.root(); return h[:] }()); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("no leaves: %s", got)
	}
	for i, leaf := range leaves {
		b, err := hex.DecodeString(leaf)
		if err != nil {
			t.Fatal(err)
		}
		tr.add(b)
		if got := fmt.Sprintf("%x", tr.root()); got != roots[i] {
			t.Errorf("%d leaves: %s, want %s", i+1, got, roots[i])
		}
	}
}

// TestTreeIsItsDefinition compares with the recursion that RFC 6962 writes down.
func TestTreeIsItsDefinition(t *testing.T) {
	t.Parallel()
	var tr tree
	var leaves [][]byte
	for i := range 300 {
		leaf := fmt.Appendf(nil, "leaf %d", i)
		leaves = append(leaves, leaf)
		tr.add(leaf)
		if got, want := tr.root(), mth(leaves); got != want {
			t.Fatalf("%d leaves: %x, want %x", i+1, got, want)
		}
	}
}

func mth(d [][]byte) hash {
	if len(d) == 1 {
		return sha256.Sum256(append([]byte{0}, d[0]...))
	}
	k := 1
	for 2*k < len(d) {
		k *= 2
	}
	return node(mth(d[:k]), mth(d[k:]))
}
