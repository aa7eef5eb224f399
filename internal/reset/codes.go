package reset

import (
	"slices"

	"relock/internal/job"
)

// CodesOf lists the codes that the table gives the class c, whatever else it
// gives them, each once and sorted. Alert rules name them.
func CodesOf(c Class) []string {
	return codesWhere(func(r rule) bool { return r.class == c })
}

// CredentialCodes lists the codes that say that the credentials are not accepted, or
// the time of their signature, each once and sorted.
func CredentialCodes() []string {
	return codesWhere(func(r rule) bool { return r.halt == job.HaltCredentials || r.halt == job.HaltClockSkew })
}

func codesWhere(is func(rule) bool) []string {
	var codes []string
	for _, r := range rules {
		if r.code != "" && is(r) {
			codes = append(codes, r.code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Refused reports whether an error of any AWS service says that the caller is not
// let in: there are no credentials, or they or their signature are not accepted, or
// they lack the permission. The codes are the same in all services.
func Refused(err error) bool {
	switch Cause(err).Reason {
	case job.HaltCredentials, job.HaltClockSkew, job.HaltAccessDenied:
		return true
	default:
		return false
	}
}

// OtherCode stands for every error code that the table does not name, where a
// closed set is needed.
const OtherCode = "other"

// Codes lists the codes that the table names, each once, in its order.
func Codes() []string {
	var codes []string
	seen := map[string]bool{}
	for _, r := range rules {
		if r.code != "" && !seen[r.code] {
			seen[r.code] = true
			codes = append(codes, r.code)
		}
	}
	return codes
}
