package main

import "sandglass.dev/guest/sandglass"

var take = sandglass.Row{
	Name:       "take",
	Input:      rows(),
	Parameters: []sandglass.Parameter{sandglass.Int64Parameter("times").Default(2).Doc("Copies of each row.")},
	Output:     kinds(),
	Batch: func(ctx *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
		var rows []uint32
		for row := range batch.Len() {
			for range ctx.Int64("times") {
				rows = append(rows, uint32(row))
			}
		}
		return batch.Filter(rows), nil
	},
}
