package sqs

import (
	"relock/internal/sandbox/wire"
)

// failure is an entry of a batch reply's Failed.
type failure struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

type success struct{ Id string }

// batchOutput is the reply of DeleteMessageBatch and ChangeMessageVisibilityBatch.
type batchOutput struct {
	Successful []success
	Failed     []failure
}

func newFailure(id string, e *wire.Error) failure {
	code := e.QueryCode
	if code == "" {
		code = e.Code
	}
	return failure{Id: id, SenderFault: e.HTTPStatus() < 500, Code: code, Message: e.Message}
}

// injectedFailure is what the fault "batch-fail" puts into Failed.
func injectedFailure(id string) failure {
	return failure{Id: id, Code: "InternalError", Message: "We encountered an internal error. Please try again."}
}

// checkBatch applies the rules that all batch calls share.
// Source: SQS API Reference, SendMessageBatch, "Errors".
func checkBatch(c *wire.Call, n int, id func(int) *string) *wire.Error {
	switch {
	case n == 0:
		return batchError("EmptyBatchRequest", "There should be at least one %sRequestEntry in the request.", c.Operation)
	case n > 10:
		return batchError("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", n)
	}
	for i := range n {
		this := id(i)
		if this == nil {
			return missing(c.Operation + "RequestEntry." + "Id")
		}
		if !entryID(*this) {
			return batchError("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		for j := range i {
			if *id(j) == *this {
				return batchError("BatchEntryIdsNotDistinct", "Id %s repeated.", *this)
			}
		}
	}
	return nil
}
