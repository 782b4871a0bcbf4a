package main

import "sandglass.dev/guest/sandglass"

func ids() sandglass.Input {
	return sandglass.Input{Name: "rows", Columns: sandglass.Columns{sandglass.Int64("id")}}
}

var parameters = sandglass.Aligned{
	Name:  "parameters",
	Input: ids(),
	Parameters: []sandglass.Parameter{
		sandglass.BooleanParameter("a_boolean").Default(true),
		sandglass.Int64Parameter("an_int64").Doc("Any."),
		sandglass.Float64Parameter("a_float64").Default(0.1),
		sandglass.Utf8Parameter("a_utf8").Default("né"),
		sandglass.TimestampParameter("a_timestamp").Default(-1),
		sandglass.DurationParameter("a_duration").Default(90_000_000),
	},
	Output: sandglass.Columns{
		sandglass.Int64("id"),
		sandglass.Boolean("a_boolean"),
		sandglass.Int64("an_int64"),
		sandglass.Float64("a_float64"),
		sandglass.Utf8("a_utf8"),
		sandglass.Timestamp("a_timestamp"),
		sandglass.Duration("a_duration"),
	},
	Emit: func(ctx *sandglass.Context, batch *sandglass.Batch, out *sandglass.Rows) error {
		for _, id := range batch.Int64("id").Values() {
			out.Emit(
				id, ctx.Boolean("a_boolean"), ctx.Int64("an_int64"), ctx.Float64("a_float64"), ctx.Utf8("a_utf8"),
				ctx.Timestamp("a_timestamp"), ctx.Duration("a_duration"),
			)
		}
		return nil
	},
}

var contextual = sandglass.Aligned{
	Name:  "context",
	Input: ids(),
	Output: sandglass.Columns{
		sandglass.Int64("id"),
		sandglass.Utf8("mode"),
		sandglass.Timestamp("start").Nullable(),
		sandglass.Timestamp("end").Nullable(),
		sandglass.Timestamp("at").Nullable(),
		sandglass.Timestamp("range_start").Nullable(),
		sandglass.Timestamp("range_end").Nullable(),
		sandglass.Boolean("lineage"),
		sandglass.Utf8("property").Nullable(),
	},
	Emit: func(ctx *sandglass.Context, batch *sandglass.Batch, out *sandglass.Rows) error {
		var start, end, at any
		switch ctx.Mode() {
		case sandglass.Materialize:
			start, end = ctx.Interval().Start, ctx.Interval().End
		case sandglass.Request:
			at = ctx.RequestTime()
		}
		filtered, isFiltered := ctx.Range("rows")
		property, isThere := ctx.Property("kit")
		for _, id := range batch.Int64("id").Values() {
			out.Emit(
				id, ctx.Mode().String(), start, end, at, sandglass.Maybe(filtered.Start, isFiltered),
				sandglass.Maybe(filtered.End, isFiltered), ctx.Lineage(), sandglass.Maybe(property, isThere),
			)
		}
		return nil
	},
}
