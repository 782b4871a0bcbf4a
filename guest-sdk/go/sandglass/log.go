package sandglass

import (
	"fmt"
	"os"
	"strings"

	"sandglass.dev/guest/internal/wire"
)

func init() {
	if wire.Log == nil {
		wire.Log = func(level wire.Level, text string) {
			fmt.Fprintf(os.Stderr, "%s: %s\n", [...]string{"debug", "info", "warn", "error"}[level], text)
		}
	}
}

// clean replaces what is not UTF-8: the host takes nothing else.
func clean(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func log(level wire.Level, format string, values []any) {
	text := format
	if len(values) > 0 {
		text = fmt.Sprintf(format, values...)
	}
	wire.Log(level, clean(text))
}

// LogDebug logs for whoever writes the transformation. It formats as [fmt.Sprintf]; without values the format is the text.
func LogDebug(format string, values ...any) { log(wire.Debug, format, values) }

// LogInfo logs for whoever runs the transformation. It formats as [LogDebug] does.
func LogInfo(format string, values ...any) { log(wire.Info, format, values) }

// LogWarn logs that something is odd. It formats as [LogDebug] does.
func LogWarn(format string, values ...any) { log(wire.Warn, format, values) }

// LogError logs that something is wrong. It formats as [LogDebug] does.
func LogError(format string, values ...any) { log(wire.Error, format, values) }
