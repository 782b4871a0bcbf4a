package main

import "sandglass.dev/guest/sandglass"

var joined = sandglass.Interval{
	Name: "joined",
	Inputs: []sandglass.Input{
		{Name: "facts", Columns: sandglass.Columns{sandglass.Int64("id"), sandglass.Utf8("name")}},
		{Name: "factors", Columns: sandglass.Columns{sandglass.Utf8("name"), sandglass.Float64("factor")}},
	},
	Output: sandglass.Columns{sandglass.Int64("id"), sandglass.Float64("factor").Nullable()},
	Emit: func(_ *sandglass.Context, inputs *sandglass.Inputs, out *sandglass.Rows) error {
		factors := map[string]float64{}
		for _, batch := range inputs.Batches("factors") {
			names := batch.Utf8("name")
			for row, factor := range batch.Float64("factor").Values() {
				factors[names.Value(row)] = factor
			}
		}
		for _, batch := range inputs.Batches("facts") {
			names := batch.Utf8("name")
			for row, id := range batch.Int64("id").Values() {
				factor, ok := factors[names.Value(row)]
				out.Emit(id, sandglass.Maybe(factor, ok))
			}
		}
		return nil
	},
}

var empty = sandglass.Interval{
	Name:   "empty",
	Inputs: []sandglass.Input{{Name: "rows", Columns: sandglass.Columns{sandglass.Int64("id")}}},
	Output: sandglass.Columns{sandglass.Int64("id"), sandglass.Utf8("text").Nullable()},
	Emit:   func(*sandglass.Context, *sandglass.Inputs, *sandglass.Rows) error { return nil },
}
