package sandglass

import (
	"errors"
	"fmt"
	"strings"

	"sandglass.dev/guest/internal/wire"
)

// FailureKind is whose fault a failure is.
type FailureKind uint8

const (
	// InputFailure is the rows' fault.
	InputFailure FailureKind = iota
	// ParameterFailure is a parameter's fault.
	ParameterFailure
	// InternalFailure is the transformation's fault, as is every error that is not an [Error].
	InternalFailure
)

func (k FailureKind) String() string { return [...]string{"input", "parameter", "internal"}[k] }

// Error ends a run. Any other error that a transformation returns ends it, too, as an [InternalFailure] with its own words; an
// Error that is wrapped keeps its kind, row and input.
type Error struct {
	Kind    FailureKind
	Message string
	// Input and Row say where the fault is; nil if they are not known.
	Input, Row *int
}

func (e *Error) Error() string {
	switch {
	case e.Input != nil && e.Row != nil:
		return fmt.Sprintf("%s (input %d, row %d)", e.Message, *e.Input, *e.Row)
	case e.Input != nil:
		return fmt.Sprintf("%s (input %d)", e.Message, *e.Input)
	case e.Row != nil:
		return fmt.Sprintf("%s (row %d)", e.Message, *e.Row)
	}
	return e.Message
}

// InputError says that a row of the batch at hand is to blame. It formats as [fmt.Sprintf].
func InputError(row int, format string, values ...any) *Error {
	return &Error{Kind: InputFailure, Message: fmt.Sprintf(format, values...), Row: &row}
}

// ParameterError says that a parameter is to blame. It formats as [fmt.Sprintf].
func ParameterError(format string, values ...any) *Error {
	return &Error{Kind: ParameterFailure, Message: fmt.Sprintf(format, values...)}
}

// InternalError is a failure of the transformation itself, as errors of any other type are. It formats as [fmt.Sprintf].
func InternalError(format string, values ...any) *Error {
	return &Error{Kind: InternalFailure, Message: fmt.Sprintf(format, values...)}
}

// OfRow names the row of the batch at hand.
func (e *Error) OfRow(row int) *Error {
	named := *e
	named.Row = &row
	return &named
}

// OfInput names the input.
func (e *Error) OfInput(input int) *Error {
	named := *e
	named.Input = &input
	return &named
}

func internal(format string, values ...any) *Error { return InternalError(format, values...) }

// failure is what the host is told of an error.
func failure(err error) *wire.Failure {
	if err == nil {
		return nil
	}
	var ours *Error
	if errors.As(err, &ours) && ours == nil {
		return failure(internal("the error is a nil *sandglass.Error, which is not nil as an error: return nil itself"))
	}
	if ours == nil {
		return &wire.Failure{Kind: wire.InternalFailure, Message: shown(err.Error())}
	}
	// Where it is is told besides.
	message := strings.Replace(err.Error(), ours.Error(), ours.Message, 1)
	number := func(n *int) *uint32 {
		if n == nil || *n < 0 {
			return nil
		}
		u := uint32(*n)
		return &u
	}
	return &wire.Failure{
		Kind: wire.FailureKind(min(ours.Kind, InternalFailure)), Message: shown(message), Input: number(ours.Input), Row: number(ours.Row),
	}
}

// messageMax is more bytes of a message than the host shows.
const messageMax = 8_000

// shown is a message that is neither long nor anything but UTF-8.
func shown(message string) string {
	if len(message) > messageMax {
		message = message[:messageMax] + " […]"
	}
	return clean(message)
}
