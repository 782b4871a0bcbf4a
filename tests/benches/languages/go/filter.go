package main

import "sandglass.dev/guest/sandglass"

func amounts() sandglass.Columns {
	return sandglass.Columns{sandglass.Int64("id"), sandglass.Float64("amount")}
}

func limit() []sandglass.Parameter {
	return []sandglass.Parameter{sandglass.Float64Parameter("limit").Default(0.5)}
}

var filter = sandglass.Row{
	Name:       "filter",
	Input:      sandglass.Input{Name: "rows", Columns: amounts()},
	Parameters: limit(),
	Output:     amounts(),
	Batch: func(ctx *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
		return batch.Filter(batch.Float64("amount").Greater(ctx.Float64("limit"))), nil
	},
}

var filterPlain = sandglass.Row{
	Name:       "filter_plain",
	Input:      sandglass.Input{Name: "rows", Columns: amounts()},
	Parameters: limit(),
	Output:     amounts(),
	Emit: func(ctx *sandglass.Context, batch *sandglass.Batch, out *sandglass.Emitter) error {
		limit := ctx.Float64("limit")
		ids, amounts := batch.Int64("id"), batch.Float64("amount")
		for row := range batch.Len() {
			if amount := amounts.Value(row); amount > limit {
				out.Emit(row, ids.Value(row), amount)
			}
		}
		return nil
	},
}
