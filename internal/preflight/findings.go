package preflight

import (
	"cmp"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/queue"
)

// Run is what would be done, as far as findings depend on it.
type Run struct {
	// Targets is how many users the list has, and Took how long they take.
	Targets int64
	Took    time.Duration
	// NotAsked is why AWS could not be asked at all, in sentences, with what to do;
	// empty if it could.
	NotAsked string
	// Skew is how far this machine's clock is ahead of AWS's; 0 if that is not known.
	Skew time.Duration
	// Credentials are those that AWS was asked with, and Ends is when the job would
	// end if a worker started now.
	Credentials Credentials
	Ends        time.Time
	// OverQuota is why --rate is over the quota; empty if it is not.
	OverQuota string
	// Duplicates is how many rows repeat the name of a target, as written.
	Duplicates int64
	// CaseTwins is how many targets differ from an earlier one by case only, and
	// TwinsAt the places of the first of them, without their names; SubTwins and
	// SubTwinsAt are those that have the form of a sub.
	CaseTwins, SubTwins int64
	TwinsAt, SubTwinsAt string
	// Queue is nil for a queue in a file, and DeadLetters where there are none or
	// where they are not known.
	Queue, DeadLetters *queue.Attributes
	// Unanswered are questions beside those of Facts.
	Unanswered []Unanswered
	// Retry says that the list is what a job could not reset: then users who cannot be
	// reset are no surprise, and inform.
	Retry bool
	// Sample is nil where nothing was sampled.
	Sample *Sample
}

// look is all that a check may look at.
type look struct {
	Facts
	Run
}

// checks are all checks. Each looks for one thing, and finds nothing where what it
// needs is not known.
var checks = []func(look) []job.Finding{
	notAsked,
	poolMissing, poolReplica, adminOnly,
	cognitoMail, sesSandbox, sesPaused, sesAllowance, smsMissing, smsFailing, customSender,
	mostlyDuplicates, longerThanPool, differByCase, namedTwice, subCase, mostlyUnknown, mostlyUnresettable, overQuota,
	retention, noDeadLetters, deadLettersShort, fewReceives, notEncrypted,
	unanswered, credentialsExpire, clockSkew,
}

// Findings are what stands against a run, and what its operator should know, in
// the order of Kinds. Nil if that is nothing.
func Findings(f Facts, r Run) []job.Finding {
	var all []job.Finding
	for _, check := range checks {
		all = append(all, check(look{f, r})...)
	}
	slices.SortStableFunc(all, func(a, b job.Finding) int { return cmp.Compare(order(a), order(b)) })
	return all
}

func order(f job.Finding) int {
	return slices.IndexFunc(kinds, func(k Kind) bool { return string(k.Code) == f.Code })
}

func one(c Code, text string) []job.Finding { return []job.Finding{found(c, text)} }

// unanswered is what could not be asked: where a check needs it, it stops, as nothing
// is known then, and says whether a permission is missing; all else informs.
func unanswered(l look) []job.Finding {
	all := slices.Concat(l.Facts.Unanswered, l.Run.Unanswered)
	slices.SortFunc(all, func(a, b Unanswered) int { return cmp.Compare(a.Action, b.Action) })
	var found []job.Finding
	for _, u := range all {
		switch {
		case u.Denied() && u.Needed:
			found = append(found, one(MissingPermission, "The credentials lack "+u.Action+". Not known now: "+u.About+".")...)
		case u.Denied():
			found = append(found, one(NotAsked, "The credentials lack "+u.Action+". Not known: "+u.About+".")...)
		case u.Needed:
			found = append(found, one(AWSNotAsked, u.Action+": "+u.reason()+". Not known now: "+u.About+". "+sentence(u.fix())+".")...)
		default:
			found = append(found, one(NotAsked, u.Action+": "+u.reason()+". Not known: "+u.About+".")...)
		}
	}
	return found
}
