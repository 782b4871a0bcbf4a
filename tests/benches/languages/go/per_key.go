package main

import (
	"math"

	"sandglass.dev/guest/sandglass"
)

var perKey = sandglass.Keyed{
	Name: "per_key",
	Inputs: []sandglass.Input{{
		Name: "rows",
		Columns: sandglass.Columns{
			sandglass.Int64("key"),
			sandglass.Timestamp("time"),
			sandglass.Float64("amount"),
		},
		Keys: []string{"key"},
	}},
	Output: sandglass.Columns{
		sandglass.Int64("key"),
		sandglass.Int64("count"),
		sandglass.Float64("sum"),
		sandglass.Float64("most"),
	},
	Emit: func(_ *sandglass.Context, group *sandglass.Group, out *sandglass.Rows) error {
		amounts := group.Rows("rows").Float64("amount").Values()
		sum, most := 0.0, math.Inf(-1)
		for _, amount := range amounts {
			sum += amount
			if amount > most {
				most = amount
			}
		}
		out.Emit(group.Key(0), len(amounts), sum, most)
		return nil
	},
}
