// Package testhook lets package sandglasstest run transformations by what package sandglass does not export. In a component nothing
// of it is there.
package testhook

import "sandglass.dev/guest/internal/wire"

// Setup is a run in the making.
type Setup struct {
	Context wire.Context
	// Given are values of parameters by name: bool, int, int64, float64, string, time.Time or time.Duration.
	Given map[string]any
	// Ranges are those of single inputs, by name.
	Ranges map[string]wire.Interval
	// Filtered tells whether the other inputs are filtered to the interval.
	Filtered bool
	// Inputs are columns by name: slices, or arrays.
	Inputs []map[string]any
	// BatchRows is how many rows are pushed at a time.
	BatchRows int
}

// Log is a message.
type Log struct {
	Level wire.Level
	Text  string
}

// Outcome is what a run made.
type Outcome struct {
	// Batch is a *sandglass.Batch of all rows.
	Batch      any
	SourceRows []uint32
	Rejected   []wire.Rejection
	Logs       []Log
}

var (
	// Run runs a sandglass.Transformation. Package sandglass sets it.
	Run func(transformation any, setup Setup) (*Outcome, error)
	// Values are the rows of a column as Go values, nil for nulls. Package sandglass sets it.
	Values func(batch any, column string) []any
)
