package sqs

import (
	"fmt"
	"net/http"

	"relock/internal/sandbox/wire"
)

// The errors of SQS. Codes, query codes and statuses are those of the service's
// Smithy model; texts are those that AWS sends, as far as they are published.

func queueDoesNotExist() *wire.Error {
	return &wire.Error{Code: "QueueDoesNotExist", QueryCode: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist."}
}

func invalidAddress(url string) *wire.Error {
	return &wire.Error{Code: "InvalidAddress", Message: fmt.Sprintf("The address %s is not valid for this endpoint.", url), Status: http.StatusNotFound}
}

func missing(parameter string) *wire.Error {
	return &wire.Error{Code: "MissingRequiredParameterException", QueryCode: "MissingParameter", Message: "The request must contain the parameter " + parameter + "."}
}

func invalidParameter(format string, args ...any) *wire.Error {
	return &wire.Error{Code: "InvalidParameterValueException", QueryCode: "InvalidParameterValue", Message: fmt.Sprintf(format, args...)}
}

func invalidValue(value any, parameter, reason string) *wire.Error {
	return invalidParameter("Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func invalidAttributeName(name string) *wire.Error {
	return wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
}

func invalidAttributeValue(name, reason string) *wire.Error {
	text := "Invalid value for the parameter " + name + "."
	if reason != "" {
		text += " Reason: " + reason
	}
	return &wire.Error{Code: "InvalidAttributeValue", Message: text}
}

func invalidContents() *wire.Error {
	return wire.Errorf("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
}

func badHandle(handle string) *wire.Error {
	return &wire.Error{Code: "ReceiptHandleIsInvalid", Message: fmt.Sprintf("The input receipt handle %q is not a valid receipt handle.", handle), Status: http.StatusNotFound}
}

func notInFlight() *wire.Error {
	return &wire.Error{Code: "MessageNotInflight", QueryCode: "AWS.SimpleQueueService.MessageNotInflight", Message: "The specified message isn't in flight."}
}

func notAvailable(handle string) *wire.Error {
	return invalidValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
}

func overLimit() *wire.Error {
	return &wire.Error{Code: "OverLimit", Message: "Too many messages are in flight for this queue.", Status: http.StatusForbidden}
}

func batchError(code, format string, args ...any) *wire.Error {
	return &wire.Error{Code: code, QueryCode: "AWS.SimpleQueueService." + code, Message: fmt.Sprintf(format, args...)}
}

// throttled is what the fault "throttle" answers with.
var throttled = &wire.Error{Code: "RequestThrottled", Message: "The request was denied due to request throttling.", Status: http.StatusForbidden}
