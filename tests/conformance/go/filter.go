package main

import "sandglass.dev/guest/sandglass"

func measured() sandglass.Columns {
	return sandglass.Columns{
		sandglass.Int64("id"),
		sandglass.Float64("amount").Nullable(),
		sandglass.Utf8("name").Nullable(),
	}
}

var filter = sandglass.Row{
	Name:       "filter",
	Input:      sandglass.Input{Name: "rows", Columns: measured()},
	Parameters: []sandglass.Parameter{sandglass.Float64Parameter("limit").Default(0.5)},
	Output:     measured(),
	Batch: func(ctx *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
		return batch.Filter(batch.Float64("amount").Greater(ctx.Float64("limit"))), nil
	},
}
