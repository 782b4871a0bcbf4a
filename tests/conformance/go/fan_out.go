package main

import (
	"fmt"

	"sandglass.dev/guest/sandglass"
)

const copiesMax = 100_000

var fanOut = sandglass.Row{
	Name: "fan_out",
	Input: sandglass.Input{Name: "rows", Columns: sandglass.Columns{
		sandglass.Int64("count"),
		sandglass.Utf8("word"),
	}},
	Output: sandglass.Columns{
		sandglass.Int64("place"),
		sandglass.Utf8("word"),
	},
	Emit: func(_ *sandglass.Context, batch *sandglass.Batch, out *sandglass.Emitter) error {
		counts, words := batch.Int64("count"), batch.Utf8("word")
		for row, count := range counts.Values() {
			if count < 0 {
				out.Reject(row, fmt.Sprintf("%d copies", count))
				continue
			}
			if count > copiesMax {
				return sandglass.InputError(row, "%d copies are too many", count)
			}
			word := words.Value(row)
			for place := range count {
				out.Emit(row, place, word)
			}
		}
		return nil
	},
}
