package main

import "sandglass.dev/guest/sandglass"

var pass = sandglass.Aligned{
	Name:   "pass",
	Doc:    "Columns as they came.",
	Input:  rows(),
	Output: kinds(),
	Batch: func(_ *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
		return sandglass.Output{Batch: batch}, nil
	},
}
