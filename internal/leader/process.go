package leader

// process names a process so well that another on the same host can tell whether
// it is dead. It is compared only where the ledger is a file, which is to say that
// both have the same kernel: the clone of a virtual machine has the boot ID of its
// original.
type process struct {
	// Boot is the kernel's ID of this boot, Space the PID namespace: with another
	// one of either, the PID means another process. A namespace's number is used
	// again only after all its processes are dead.
	Boot  string `json:"boot"`
	Space string `json:"space"`
	PID   int    `json:"pid"`
	// Start is when the process started, in the kernel's clock ticks since the
	// boot: a PID is used again, too.
	Start uint64 `json:"start"`
}
