package sandglass

import (
	"fmt"

	"sandglass.dev/guest/internal/wire"
)

// TimeRange is [Start, End) in microseconds since 1970, UTC.
type TimeRange struct{ Start, End int64 }

// Contains tells whether the time is inside.
func (r TimeRange) Contains(micros int64) bool { return r.Start <= micros && micros < r.End }

// Mode is why a run is made.
type Mode uint8

const (
	// Materialize makes the rows of an interval.
	Materialize Mode = iota
	// Streaming is given rows as they arrive.
	Streaming
	// Request answers one request.
	Request
)

func (m Mode) String() string { return [...]string{"materialize", "streaming", "request"}[m] }

// Context is the materialization context.
type Context struct {
	wire   wire.Context
	inputs []Input
}

// Mode is why the run is made.
func (c *Context) Mode() Mode { return Mode(c.wire.Mode) }

// Interval is the interval whose rows are to be made. It fails the run in any other mode than [Materialize].
func (c *Context) Interval() TimeRange {
	if c.wire.Mode != wire.Materialize {
		panic(internal("there is no interval in the mode %s, only in materialize", c.Mode()))
	}
	return TimeRange(c.wire.Interval)
}

// RequestTime is the time of the request that is answered, in microseconds since 1970; of a row of training data, its time. It
// fails the run in any other mode than [Request].
func (c *Context) RequestTime() int64 {
	if c.wire.Mode != wire.Request {
		panic(internal("there is no request in the mode %s whose time could be told", c.Mode()))
	}
	return c.wire.Interval.Start
}

// Range is the time range that the rows of an input were filtered to; false if they were not. It fails the run if there is no
// input of that name.
func (c *Context) Range(input string) (TimeRange, bool) {
	place := inputPlace(c.inputs, input)
	if place >= len(c.wire.Ranges) || c.wire.Ranges[place] == nil {
		return TimeRange{}, false
	}
	return TimeRange(*c.wire.Ranges[place]), true
}

// Lineage tells whether source rows are wanted; giving them when they are not does no harm.
func (c *Context) Lineage() bool { return c.wire.Lineage }

// Property is what a host later than this SDK may tell besides.
func (c *Context) Property(name string) (string, bool) {
	for _, property := range c.wire.Properties {
		if property.Name == name {
			return property.Value, true
		}
	}
	return "", false
}

func (c *Context) value(name string, kind wire.ValueKind) *wire.Value {
	for i := range c.wire.Parameters {
		given := &c.wire.Parameters[i]
		if given.Name != name {
			continue
		}
		if given.Value.Kind != kind {
			panic(ParameterError("parameter `%s` is %s, not %s", name, given.Value.Kind, kind))
		}
		return &given.Value
	}
	there := quoted(c.wire.Parameters, func(given wire.Given) string { return given.Name })
	panic(ParameterError("there is no parameter `%s`; there are %s", name, there))
}

// Boolean is the value of a parameter. As the others below, it fails the run if there is no parameter of that name and kind.
func (c *Context) Boolean(name string) bool { return c.value(name, wire.BooleanValue).Boolean }

// Int64 is the value of a parameter.
func (c *Context) Int64(name string) int64 { return c.value(name, wire.Int64Value).Whole }

// Float64 is the value of a parameter.
func (c *Context) Float64(name string) float64 { return c.value(name, wire.Float64Value).Float }

// Utf8 is the value of a parameter.
func (c *Context) Utf8(name string) string { return c.value(name, wire.Utf8Value).Text }

// Timestamp is the value of a parameter, in microseconds since 1970.
func (c *Context) Timestamp(name string) int64 { return c.value(name, wire.TimestampValue).Whole }

// Duration is the value of a parameter, in microseconds.
func (c *Context) Duration(name string) int64 { return c.value(name, wire.DurationValue).Whole }

func inputPlace(inputs []Input, name string) int {
	for i := range inputs {
		if inputs[i].Name == name {
			return i
		}
	}
	panic(internal("there is no input `%s`; there are %s", name, quoted(inputs, func(i Input) string { return i.Name })))
}

func (r TimeRange) String() string { return fmt.Sprintf("[%d, %d)", r.Start, r.End) }
