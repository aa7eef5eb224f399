package crash

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"relock/internal/job"
)

// The operations of Cognito that matter here.
const (
	opReset  = "AdminResetUserPassword"
	opLookUp = "AdminGetUser"
	// opSignOut is the second step of a job that ends sessions.
	opSignOut = "AdminUserGlobalSignOut"
	// opChoose stands for whatever a user does to choose a new password.
	opChoose = "AdminSetUserPassword"
)

// Call is one call to Cognito, from the sandbox's log.
type Call struct {
	At        time.Time // when it took effect
	Operation string
	Caller    string // the access key; every worker process has its own
	User      string
	Code      string // AWS's error code; empty for a success
	Request   string
	Dropped   bool // the client never got the reply
}

func (c Call) accepted() bool { return c.Operation == opReset && c.Code == "" }

// End is a moment at which a worker was killed or stopped, with the claims that
// were open in the ledger right after it.
type End struct {
	Caller string
	At     time.Time
	// Resumed is when a stopped worker went on; zero for one that was killed.
	Resumed time.Time
	// Open holds the number of the open claim of each target that has one.
	Open map[string]int
}

// Target is a target as the ledger has it at the end.
type Target struct {
	User     string
	Exists   bool // the pool has the user, who can be reset
	Outcome  job.Outcome
	Repeated bool
	Claims   int
	Request  string // the ID of the call that decided
	// SignsOut says that the job ends sessions, SignOut where that stands.
	SignsOut bool
	SignOut  job.SignOut
}

// History is everything that is known of a run.
type History struct {
	Calls   []Call // any order
	Ends    []End  // any order
	Targets []Target
}

// ReadCalls reads the calls to Cognito out of a log of the sandbox, in the order
// in which they took effect.
func ReadCalls(r io.Reader) ([]Call, error) {
	var calls []Call
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var l struct {
			At                                              int64
			Service, Operation, Caller, Note, Code, Request string
			Dropped                                         bool
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("reading the sandbox's log: %w", err)
		}
		if l.Service != "cognito-idp" {
			continue
		}
		calls = append(calls, Call{
			At: time.Unix(0, l.At), Operation: l.Operation, Caller: l.Caller, User: l.Note,
			Code: l.Code, Request: l.Request, Dropped: l.Dropped,
		})
	}
	sortCalls(calls)
	return calls, lines.Err()
}

func sortCalls(calls []Call) {
	slices.SortStableFunc(calls, func(a, b Call) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
}
