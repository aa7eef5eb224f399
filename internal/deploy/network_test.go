package deploy

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestNoWayToPrivateAddresses: the rule for AWS lets a worker reach no address of the
// cluster, the VPC or the node.
func TestNoWayToPrivateAddresses(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "deploy", "kubernetes", "base", "networkpolicy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var except []netip.Prefix
	for _, line := range regexp.MustCompile(`(?m)^ +except: (.*)$`).FindAll(text, -1) {
		for _, p := range regexp.MustCompile(`[0-9a-f.:]+/[0-9]+`).FindAllString(string(line), -1) {
			except = append(except, netip.MustParsePrefix(p))
		}
	}
	reach := func(addr string) bool {
		for _, p := range except {
			if p.Contains(netip.MustParseAddr(addr)) {
				return false
			}
		}
		return true
	}
	for _, addr := range []string{
		"10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "100.127.255.254", "127.0.0.1",
		"169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd12:3456::1", "fe80::1",
	} {
		if reach(addr) {
			t.Errorf("%s can be reached", addr)
		}
	}
	for _, addr := range []string{"52.94.5.1", "172.32.0.1", "100.128.0.1", "2a05:d018::1"} {
		if !reach(addr) {
			t.Errorf("%s, a public address, cannot be reached", addr)
		}
	}
}
