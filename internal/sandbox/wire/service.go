package wire

import (
	"net/http"

	"relock/internal/sandbox/fault"
)

// fate is what becomes of the reply.
type fate int

const (
	reply fate = iota // it is sent
	reset             // the connection is reset instead
	hang              // nothing is sent, and the connection stays open
)

func (svc *Service) protocol() Protocol {
	if svc.Protocol != nil {
		return svc.Protocol
	}
	return awsJSON{svc}
}

func (svc *Service) throttleError() *Error {
	if svc.ThrottleError != nil {
		return svc.ThrottleError
	}
	return &Error{Code: "ThrottlingException", QueryCode: "Throttling", Message: "Rate exceeded"}
}

func (svc *Service) internalError() *Error {
	if svc.InternalError != nil {
		return svc.InternalError
	}
	return &Error{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error, exception or failure.", Status: http.StatusInternalServerError}
}

// auth gives an authentication error the status that the service's protocol
// sends it with: 403 where the query protocol is or was spoken, 400 elsewhere.
func (svc *Service) auth(e *Error) *Error {
	if svc.QueryErrors || svc.Protocol != nil {
		e.Status = http.StatusForbidden
	}
	return e
}

func unknownOperation(svc *Service, op string) *Error {
	code := svc.UnknownOperation
	if code == "" {
		code = "UnknownOperationException"
	}
	return Errorf(code, "The action or operation requested is invalid. Verify that the action is typed correctly: %q.", op)
}

// before draws the faults that strike before the call takes effect.
func before(f *fault.Injector, svc *Service, c *Call) (*Error, fate) {
	roll := func(name string) bool { return f.Roll(name, c.Service, c.Operation) }
	switch {
	case roll(fault.ResetBefore):
		return nil, reset
	case roll(fault.Hang):
		return nil, hang
	case roll(fault.ExpiredToken):
		return svc.auth(expired()), reply
	case roll(fault.AccessDenied):
		return svc.auth(&Error{
			Code: "AccessDeniedException", QueryCode: "AccessDenied",
			Message: "User: " + c.Caller.ARN + " is not authorized to perform: " + c.Service + ":" + c.Operation + " because no identity-based policy allows the " + c.Service + ":" + c.Operation + " action",
		}), reply
	case roll(fault.Unsupported):
		return unknownOperation(svc, c.Operation), reply
	case roll(fault.Throttle):
		return svc.throttleError(), reply
	case roll(fault.Error503):
		return &Error{Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server.", Status: http.StatusServiceUnavailable}, reply
	case roll(fault.Error500):
		return svc.internalError(), reply
	}
	if r, ok := f.Strike(fault.Error, c.Service, c.Operation); ok {
		return &Error{Code: r.Code, QueryCode: r.QueryCode, Message: r.Message, Status: r.Status}, reply
	}
	return nil, reply
}

// after draws the faults that strike when the call has taken effect. They
// spare calls that failed: those had no effect to hide.
func after(f *fault.Injector, svc *Service, c *Call, e *Error) (*Error, fate) {
	roll := func(name string) bool { return f.Roll(name, c.Service, c.Operation) }
	switch {
	case e != nil:
		return e, reply
	case roll(fault.ResetAfter):
		return nil, reset
	case roll(fault.HangAfter):
		return nil, hang
	case roll(fault.Error500Late):
		return svc.internalError(), reply
	}
	return nil, reply
}
