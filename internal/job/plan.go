package job

// Plan is what was found, projected and decided before the first message was
// sent. It is kept with the job, for the worker and for the evidence; it has no
// part in Job.Content, because a second look may find something else.
type Plan struct {
	// Account is the AWS account of the caller; PoolName the pool's own name.
	Account  string `json:"account,omitempty"`
	PoolName string `json:"pool_name,omitempty"`
	// FoldCase says that the pool ignores the case of usernames, so that
	// exclusions do too.
	FoldCase bool `json:"fold_case,omitempty"`
	// Budget is the requests a second planned with, and BudgetReason what
	// bounds it.
	Budget       float64 `json:"budget,omitempty"`
	BudgetReason string  `json:"budget_reason,omitempty"`
	// Projected is the share of the targets that the sample says will be reset,
	// 0 to 1; nil where nothing was sampled.
	Projected *float64 `json:"projected,omitempty"`
	// Sampled is how many targets were looked up for it.
	Sampled int64 `json:"sampled,omitempty"`
	// Canary is after how many outcomes the worker compares with Projected; 0 for
	// never.
	Canary int64 `json:"canary,omitempty"`
	// Findings are what preflight found, in the order shown.
	Findings []Finding `json:"findings,omitempty"`
	// Excluded is how many users the job's exclusions name.
	Excluded int `json:"excluded,omitempty"`
	// Unique is what looking every target's user up came to; nil without
	// --unique-users.
	Unique *Unique `json:"unique,omitempty"`
	// Settings are the flags that shaped the job, by name, for the evidence. No
	// usernames and no metadata values.
	Settings map[string]string `json:"settings,omitempty"`
}

// Unique accounts for looking the users of all targets up: which are another name
// of an earlier target's user.
type Unique struct {
	// LookedUp is how many targets were looked up, and Unknown how many of them are
	// nobody in the pool; those stay.
	LookedUp int64 `json:"looked_up"`
	Unknown  int64 `json:"unknown"`
	// Dropped is how many are another name of an earlier one's user. They count as
	// Counts.Duplicates.
	Dropped int64 `json:"dropped"`
	// Digest is the same for the same rows dropped.
	Digest string `json:"digest"`
}

// Finding is one thing that preflight found.
type Finding struct {
	// Code names the finding, for --force and for machines: pool_not_found.
	Code string `json:"code"`
	// Text says what was found and what to do, without usernames.
	Text string `json:"text"`
	// Stops says that the run is refused unless --force names Code, and Forced
	// that it did.
	Stops  bool `json:"stops,omitempty"`
	Forced bool `json:"forced,omitempty"`
}

// Exclusion is one user whom a job must not touch, under every name that the pool
// knows for the user. Empty where there is none.
type Exclusion struct {
	// Given is the name as written in the list of exclusions, on Line of File.
	Given Username `json:"given"`
	File  string   `json:"file,omitempty"`
	Line  int64    `json:"line,omitempty"`

	Username Username `json:"username,omitempty"`
	Sub      Username `json:"sub,omitempty"`
	Email    Username `json:"email,omitempty"`
	Phone    Username `json:"phone,omitempty"`
	// Preferred is preferred_username, which may be an alias.
	Preferred Username `json:"preferred,omitempty"`
}

// Names lists the exclusion's names, without the empty ones.
func (e Exclusion) Names() []Username {
	var names []Username
	for _, n := range []Username{e.Given, e.Username, e.Sub, e.Email, e.Phone, e.Preferred} {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}

// Seal is the Merkle root of a finished job's records, as the worker printed it,
// with a signature if there was a key.
type Seal struct {
	// Root is the root in hexadecimal, over Leaves leaves.
	Root   string `json:"root"`
	Leaves int64  `json:"leaves"`
	// Signature is Ed25519's over the root's statement, and PublicKey that of the
	// key, both in base64; empty where nothing was signed. A verifier trusts only
	// a public key that comes from outside the ledger.
	Signature string `json:"signature,omitempty"`
	PublicKey string `json:"public_key,omitempty"`
}
