package main

import (
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"

	"sandglass.dev/guest/sandglass"
)

func init() {
	know(map[string]func() string{
		"print":                       printEndless,
		"print_line":                  printLine,
		"print_once":                  printOnce,
		"print_partial":               printPartial,
		"print_ways":                  printWays,
		"log_bad_text":                func() string { sandglass.LogInfo("half \xff and a NUL \x00 and \x1b[31m red"); return "logged" },
		"log_format":                  func() string { sandglass.LogInfo("100%s %d", "x"); return "logged" },
		"bad_text":                    func() string { return "half \xff\xfe" },
		"bad_text_error":              func() string { fails = sandglass.InputError(0, "half \xff \x1b[31m red"); return "" },
		"bad_text_panic":              func() string { panic("half \xff \x1b[31m red") },
		"bad_text_reject":             func() string { emitter.Reject(0, "half \xff \x1b[31m red"); return "rejected and emitted" },
		"huge_text":                   func() string { return strings.Repeat("x", 50_000_000) },
		"huge_message":                func() string { fails = errors.New(strings.Repeat("x", 100_000_000)); return "" },
		"huge_failure":                func() string { fails = sandglass.InputError(0, "%s", strings.Repeat("x", 100_000_000)); return "" },
		"huge_panic":                  func() string { panic(strings.Repeat("x", 100_000_000)) },
		"deep_error":                  deepError,
		"deep_circle":                 func() string { fails = &circle{}; return "" },
		"evil_error":                  func() string { fails = evil{}; return "" },
		"evil_panic":                  func() string { panic(evil{}) },
		"evil_endless":                func() string { fails = endless{}; return "" },
		"evil_nil":                    func() string { var none *sandglass.Error; fails = none; return "" },
		"evil_kind":                   evilKind,
		"panic_in_goroutine_of_error": func() string { go panic(evil{}); select {} },
	})
}

func printEndless() string {
	for {
		fmt.Println("a line of some length")
	}
}

// printLine is a line that never ends.
func printLine() string {
	for {
		fmt.Print("x")
	}
}

func printOnce() string {
	fmt.Println("on stdout")
	fmt.Fprintln(os.Stderr, "on stderr")
	return "printed"
}

func printPartial() string {
	fmt.Print("no end of line on stdout")
	fmt.Fprint(os.Stderr, "no end of line on stderr")
	return "printed"
}

func printWays() string {
	println("by println")
	log.Print("by log")
	slog.Warn("by slog", "key", 1)
	os.Stdout.Write([]byte("half \xff, an escape \x1b[31m and a NUL \x00\n"))
	return "printed"
}

// deepError wraps a hundred thousand times.
func deepError() string {
	err := errors.New("the first")
	for range 100_000 {
		err = fmt.Errorf("%w", err)
	}
	fails = err
	return ""
}

// circle is its own cause.
type circle struct{}

func (c *circle) Error() string { return "a circle" }
func (c *circle) Unwrap() error { return c }

// evil panics when it is asked for its words.
type evil struct{}

func (evil) Error() string { panic("in Error") }

type endless struct{}

func (endless) Error() string {
	for {
	}
}

func evilKind() string {
	row, input := 1<<40, -1
	fails = &sandglass.Error{Kind: 77, Message: "odd", Row: &row, Input: &input}
	return ""
}
