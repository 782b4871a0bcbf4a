package main

import "sandglass.dev/guest/sandglass"

var constants = func() (constants [25]float64) {
	for i := range constants {
		constants[i] = 1 / float64(i+1)
	}
	return
}()

var flops = sandglass.Aligned{
	Name:   "flops",
	Input:  sandglass.Input{Name: "rows", Columns: sandglass.Columns{sandglass.Float64("x")}},
	Output: sandglass.Columns{sandglass.Float64("y")},
	Batch: func(_ *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
		ys := make([]float64, batch.Len())
		for row, x := range batch.Float64("x").Values() {
			y := 0.0
			for i := range constants {
				// The conversion keeps other processors from adding without rounding first.
				y = float64(y*x) + constants[i]
			}
			ys[row] = y
		}
		return sandglass.ColumnsOf(sandglass.Float64s(ys)), nil
	},
}
