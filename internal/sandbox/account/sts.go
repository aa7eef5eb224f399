package account

import (
	"context"

	"relock/internal/sandbox/wire"
)

func (a *Account) sts() wire.Service {
	return wire.Service{
		SigningName:      "sts",
		UnknownOperation: "InvalidAction",
		Protocol:         wire.QueryXML{Namespace: "https://sts.amazonaws.com/doc/2011-06-15/"},
		Operations:       map[string]wire.Handler{"GetCallerIdentity": a.getCallerIdentity},
	}
}

type callerIdentity struct {
	Arn     string
	UserID  string `xml:"UserId"`
	Account string
}

// getCallerIdentity needs no permission at AWS either.
func (a *Account) getCallerIdentity(_ context.Context, c *wire.Call) (any, error) {
	out := callerIdentity{Arn: c.Caller.ARN, UserID: c.Caller.UserID, Account: c.Caller.AccountID}
	if out.Account == "" {
		out.Account = a.cfg.AccountID
	}
	return out, nil
}
