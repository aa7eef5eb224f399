package sandbox

import (
	"fmt"
	"net/http"
	"strings"

	"relock/internal/sandbox/iam"
	"relock/internal/sandbox/wire"
)

// guarded asks the guard what a caller may do.
func guarded(g *iam.Guard) func(wire.Caller, string, string) *wire.Error {
	return func(caller wire.Caller, action, resource string) *wire.Error {
		if g.Allows(caller.AccessKeyID, iam.Request{Action: action, Resource: resource, Context: conditionKeys(action, resource)}) {
			return nil
		}
		return denied(caller, action, resource)
	}
}

// conditionKeys are what the request says of itself beside action and resource.
// Only SQS uses keys for its callers here. Source: "kms:ViaService" in the KMS
// Developer Guide.
func conditionKeys(action, resource string) map[string][]string {
	part := strings.Split(resource, ":") // arn:aws:kms:REGION:…
	if !strings.HasPrefix(action, "kms:") || len(part) < 4 {
		return nil
	}
	return map[string][]string{"kms:ViaService": {"sqs." + part[3] + ".amazonaws.com"}}
}

// denied is AWS's refusal, in the words that it has used since 2021. Source:
// "Troubleshoot access denied error messages" in the IAM User Guide.
func denied(caller wire.Caller, action, resource string) *wire.Error {
	on := " on resource: " + resource
	if resource == "*" {
		on = ""
	}
	e := &wire.Error{
		Code: "AccessDeniedException", QueryCode: "AccessDenied",
		Message: fmt.Sprintf("User: %s is not authorized to perform: %s%s because no identity-based policy allows the %s action", caller.ARN, action, on, action),
	}
	service, _, _ := strings.Cut(action, ":")
	switch service {
	case "sqs", "ses":
		e.Status = http.StatusForbidden
	case "kms":
		e.Code, e.QueryCode = "KmsAccessDenied", "KMS.AccessDeniedException"
	}
	return e
}
