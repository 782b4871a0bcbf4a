package sandglass

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"sandglass.dev/guest/internal/wire"
)

// guard makes a failure of the author's error or panic. Of a panic the log has the author's calls that led to it.
func guard(call func() error) (failed *wire.Failure) {
	defer func() {
		if value := recover(); value != nil {
			failed = failure(panicked(value))
			log(wire.Error, "%s", []any{failed.Message + traceback()})
		}
	}()
	return failure(call())
}

func panicked(value any) error {
	err, ok := value.(error)
	if !ok {
		return internal("panic: %v", value)
	}
	var ours *Error
	if errors.As(err, &ours) {
		return err
	}
	return internal("panic: %s", err)
}

const framesMax = 64

// traceback is the calls on the stack that are the author's, the innermost first, a line for each.
func traceback() string {
	var callers [framesMax]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	var lines strings.Builder
	for {
		frame, more := frames.Next()
		if isAuthors(frame.Function) {
			fmt.Fprintf(&lines, "\n  %s:%d  %s", frame.File, frame.Line, frame.Function)
		}
		if !more {
			return lines.String()
		}
	}
}

func isAuthors(function string) bool {
	for _, prefix := range []string{"runtime.", "runtime/", "internal/", "sandglass.dev/guest/", "testing."} {
		if strings.HasPrefix(function, prefix) {
			return false
		}
	}
	// The host's way in has no package.
	return strings.Contains(function, ".")
}
