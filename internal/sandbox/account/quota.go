package account

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"relock/internal/sandbox/wire"
)

// quota is a request rate of Cognito user pools as Service Quotas lists it.
type quota struct {
	code, category string
	rate           float64
	adjustable     bool
	perAccount     bool // the name ends in "per account"
}

// cognitoQuotas are the rates of service code cognito-idp, with the codes that
// facts.md (section 1) and public listings of Service Quotas have.
var cognitoQuotas = []quota{
	{"L-026ADBA3", "UserAuthentication", 120, true, false},
	{"L-12C4D74A", "UserPoolClientUpdate", 15, false, true},
	{"L-259E3368", "UserList", 30, false, false},
	{"L-55545DC8", "UserResourceRead", 50, true, false},
	{"L-574C86AE", "UserResourceUpdate", 25, false, false},
	{"L-5987B8A0", "UserCreation", 50, true, false},
	{"L-60A0B411", "UserPoolUpdate", 15, false, false},
	{"L-6621E65D", "UserUpdate", 25, false, false},
	{"L-74D3DD04", "ClientAuthentication", 150, false, true},
	{"L-7D6E8ED3", "UserAccountRecovery", 30, false, false},
	{"L-A01C9633", "UserPoolResourceRead", 20, false, true},
	{"L-A412573D", "UserPoolClientRead", 15, false, true},
	{"L-B7575496", "UserPoolResourceUpdate", 15, false, true},
	{"L-BB3E7CCF", "UserFederation", 25, true, false},
	{"L-CFFBE34A", "UserPoolRead", 15, false, false},
	{"L-D6BD5178", "UserRead", 120, true, false},
	{"L-F21F8BB4", "UserToken", 120, true, false},
}

func (a *Account) serviceQuotas() wire.Service {
	return wire.Service{
		SigningName:      "servicequotas",
		TargetPrefix:     "ServiceQuotasV20190624",
		JSONVersion:      "1.1",
		UnknownOperation: "UnknownOperationException",
		ThrottleError:    wire.Errorf("TooManyRequestsException", "Rate exceeded"),
		InternalError:    &wire.Error{Code: "ServiceException", Message: "Something went wrong.", Status: 500},
		Operations: map[string]wire.Handler{
			"GetServiceQuota":           a.getServiceQuota,
			"GetAWSDefaultServiceQuota": a.getDefaultServiceQuota,
			"ListServiceQuotas":         a.listServiceQuotas,
		},
	}
}

type quotaInput struct {
	ServiceCode, QuotaCode *string
	MaxResults             *int
	NextToken              *string
}

type quotaPeriod struct {
	PeriodUnit  string
	PeriodValue int
}

type quotaJSON struct {
	ServiceCode, ServiceName, QuotaArn, QuotaCode, QuotaName, Unit string

	Value       float64
	Adjustable  bool
	GlobalQuota bool
	Period      quotaPeriod
}

func (a *Account) render(q quota, c *wire.Call, value float64) quotaJSON {
	region := c.Region
	if region == "" {
		region = a.cfg.Region
	}
	name := "Rate of " + q.category + " requests"
	if q.perAccount {
		name += " per account"
	}
	return quotaJSON{
		ServiceCode: "cognito-idp", ServiceName: "Amazon Cognito User Pools", QuotaCode: q.code, QuotaName: name,
		QuotaArn: "arn:aws:servicequotas:" + region + ":" + a.cfg.AccountID + ":cognito-idp/" + q.code,
		Unit:     "None", Value: value, Adjustable: q.adjustable, Period: quotaPeriod{"SECOND", 1},
	}
}

// find checks the codes and looks the quota up. Validation texts are Service
// Quotas' own form: IllegalArgumentException.
func find(c *wire.Call) (quota, error) {
	var in quotaInput
	if err := c.Decode(&in); err != nil {
		return quota{}, err
	}
	if err := needed("serviceCode", in.ServiceCode, "quotaCode", in.QuotaCode); err != nil {
		return quota{}, err
	}
	if *in.ServiceCode == "cognito-idp" {
		for _, q := range cognitoQuotas {
			if q.code == *in.QuotaCode {
				return q, nil
			}
		}
	}
	return quota{}, noSuchQuota()
}

func needed(members ...any) error {
	var faults []string
	for i := 0; i < len(members); i += 2 {
		if v := members[i+1].(*string); v == nil {
			faults = append(faults, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", members[i]))
		}
	}
	switch len(faults) {
	case 0:
		return nil
	case 1:
		return wire.Errorf("IllegalArgumentException", "1 validation error detected: %s", faults[0])
	default:
		return wire.Errorf("IllegalArgumentException", "%d validation errors detected: %s", len(faults), strings.Join(faults, "; "))
	}
}

func noSuchQuota() error {
	return wire.Errorf("NoSuchResourceException", "The request failed because the specified service quota does not exist.")
}

func (a *Account) getServiceQuota(_ context.Context, c *wire.Call) (any, error) {
	if err := c.Authorize("servicequotas:GetServiceQuota", "*"); err != nil {
		return nil, err
	}
	q, err := find(c)
	if err != nil {
		return nil, err
	}
	if a.cfg.NoApplied {
		return nil, noSuchQuota()
	}
	return struct{ Quota quotaJSON }{a.render(q, c, a.rate(q))}, nil
}

// rate is a quota's applied value.
func (a *Account) rate(q quota) float64 {
	if rate, ok := a.cfg.Rate(q.category); ok {
		return rate
	}
	return q.rate
}

func (a *Account) getDefaultServiceQuota(_ context.Context, c *wire.Call) (any, error) {
	if err := c.Authorize("servicequotas:GetAWSDefaultServiceQuota", "*"); err != nil {
		return nil, err
	}
	q, err := find(c)
	if err != nil {
		return nil, err
	}
	return struct{ Quota quotaJSON }{a.render(q, c, q.rate)}, nil
}

func (a *Account) listServiceQuotas(_ context.Context, c *wire.Call) (any, error) {
	if err := c.Authorize("servicequotas:ListServiceQuotas", "*"); err != nil {
		return nil, err
	}
	var in quotaInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := needed("serviceCode", in.ServiceCode); err != nil {
		return nil, err
	}
	if *in.ServiceCode != "cognito-idp" {
		return nil, wire.Errorf("NoSuchResourceException", "The request failed because the specified service does not exist.")
	}
	limit := 100
	if in.MaxResults != nil {
		if limit = *in.MaxResults; limit < 1 || limit > 100 {
			return nil, wire.Errorf("IllegalArgumentException", "1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 100", limit)
		}
	}
	at := 0
	if in.NextToken != nil {
		b, err := base64.StdEncoding.DecodeString(*in.NextToken)
		if _, scan := fmt.Sscanf(string(b), "quota %d", &at); err != nil || scan != nil || at < 0 {
			return nil, wire.Errorf("InvalidPaginationTokenException", "Invalid pagination token.")
		}
	}
	var out struct {
		Quotas    []quotaJSON
		NextToken string `json:",omitempty"`
	}
	out.Quotas = []quotaJSON{}
	for ; at < len(cognitoQuotas); at++ {
		if len(out.Quotas) == limit {
			out.NextToken = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "quota %d", at))
			break
		}
		out.Quotas = append(out.Quotas, a.render(cognitoQuotas[at], c, a.rate(cognitoQuotas[at])))
	}
	return out, nil
}
