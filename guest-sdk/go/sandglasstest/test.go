// Package sandglasstest runs transformations in unit tests, without WebAssembly, through the same conversions and checks as in a
// component.
//
//	out, err := sandglasstest.New(orderDetails).
//		Parameter("large_from", 50.0).
//		Run(sandglasstest.Rows{
//			"customer_id": []int64{1, 2},
//			"amount":      []any{10.0, nil},
//		})
//
// A batch's memory is overwritten when its call has ended, as it is used again in a component: what a transformation of the row or
// aligned scope kept of it without a copy shows in its tests.
package sandglasstest

import (
	"time"

	"sandglass.dev/guest/internal/testhook"
	"sandglass.dev/guest/internal/wire"
	"sandglass.dev/guest/sandglass"
)

// Rows are the rows of an input: a slice for each column, of anything that [sandglass.Builder.Append] takes, or a
// [sandglass.Array]. Columns that the transformation does not read are left out.
type Rows map[string]any

// Test is a run in the making. Parameters have their defaults, the interval is the first day of 1970 and every input was filtered
// to it, and the host wants source rows, unless it is said otherwise.
type Test struct {
	transformation sandglass.Transformation
	setup          testhook.Setup
}

const (
	dayMicros = 86_400_000_000
	batchRows = 8_192
)

// New is a run of this transformation.
func New(transformation sandglass.Transformation) *Test {
	return &Test{transformation, testhook.Setup{
		Context:   wire.Context{Mode: wire.Materialize, Interval: wire.Interval{End: dayMicros}, Lineage: true},
		Given:     map[string]any{},
		Ranges:    map[string]wire.Interval{},
		Filtered:  true,
		BatchRows: batchRows,
	}}
}

// Interval sets the interval whose rows are made, [start, end) in microseconds since 1970; also every input's range.
func (t *Test) Interval(start, end int64) *Test {
	t.setup.Context.Mode, t.setup.Context.Interval = wire.Materialize, wire.Interval{Start: start, End: end}
	t.setup.Filtered = true
	return t
}

// Streaming gives rows as they arrive, instead of an interval's.
func (t *Test) Streaming() *Test {
	t.setup.Context.Mode = wire.Streaming
	return t.Unfiltered()
}

// Request asks at this time, in microseconds since 1970, instead of for an interval.
func (t *Test) Request(at int64) *Test {
	t.setup.Context.Mode, t.setup.Context.Interval = wire.Request, wire.Interval{Start: at}
	return t.Unfiltered()
}

// Range sets the time range that the rows of an input were filtered to.
func (t *Test) Range(input string, start, end int64) *Test {
	t.setup.Ranges[input] = wire.Interval{Start: start, End: end}
	return t
}

// Unfiltered says that no input was filtered.
func (t *Test) Unfiltered() *Test {
	t.setup.Filtered = false
	clear(t.setup.Ranges)
	return t
}

// Lineage says whether the host wants source rows.
func (t *Test) Lineage(wanted bool) *Test {
	t.setup.Context.Lineage = wanted
	return t
}

// Parameter gives a parameter: a bool, int, int64, float64 or string; of a time also a [time.Time], of a length of time also a
// [time.Duration].
func (t *Test) Parameter(name string, value any) *Test {
	t.setup.Given[name] = value
	return t
}

// Property sets a property of the context.
func (t *Test) Property(name, value string) *Test {
	t.setup.Context.Properties = append(t.setup.Context.Properties, wire.Property{Name: name, Value: value})
	return t
}

// BatchRows hands rows in by batches of so many, to test what happens at their edges.
func (t *Test) BatchRows(rows int) *Test {
	t.setup.BatchRows = max(rows, 1)
	return t
}

// Outcome is what a run returned.
type Outcome struct {
	// Batch is all rows.
	Batch *sandglass.Batch
	// SourceRows are, in the row scope, the rows of the input that they came from.
	SourceRows []uint32
	// Rejected are rejected rows of the input, and why.
	Rejected []sandglass.Rejection
	// Logs are what was logged.
	Logs []Log
}

// Log is a message: its level is debug, info, warn or error.
type Log struct{ Level, Text string }

// Run runs the transformation over the rows of each input, in the order of its inputs. As the host does, it sorts the rows of a
// keyed transformation by key, then by time: the column `timestamp`, or else the first of that kind. An error is a
// [*sandglass.Error]; the outcome has what was logged then, too.
func (t *Test) Run(inputs ...Rows) (*Outcome, error) {
	setup := t.setup
	for _, rows := range inputs {
		setup.Inputs = append(setup.Inputs, rows)
	}
	made, err := testhook.Run(t.transformation, setup)
	outcome := &Outcome{SourceRows: made.SourceRows}
	for _, r := range made.Rejected {
		outcome.Rejected = append(outcome.Rejected, sandglass.Rejection{Row: int(r.Row), Reason: r.Message})
	}
	for _, log := range made.Logs {
		outcome.Logs = append(outcome.Logs, Log{[...]string{"debug", "info", "warn", "error"}[log.Level], log.Text})
	}
	if err != nil {
		return outcome, err
	}
	outcome.Batch = made.Batch.(*sandglass.Batch)
	return outcome, nil
}

// Column is a column's values, nil where they are null: numbers as the Go type of their kind, times and lengths of time as int64
// microseconds, dates as int32 days, lists as []any, structs as map[string]any, maps as []sandglass.Entry. It panics if there is no
// such column.
func (o *Outcome) Column(name string) []any { return testhook.Values(o.Batch, name) }

// Micros is a time as columns have it.
func Micros(year int, month time.Month, day, hour, minute, second int) int64 {
	return time.Date(year, month, day, hour, minute, second, 0, time.UTC).UnixMicro()
}
