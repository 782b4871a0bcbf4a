package main

import "sandglass.dev/guest/sandglass"

var totals = sandglass.Keyed{
	Name: "totals",
	Inputs: []sandglass.Input{
		{
			Name: "sales",
			Columns: sandglass.Columns{
				sandglass.Utf8("region"),
				sandglass.Int64("store"),
				sandglass.Timestamp("time"),
				sandglass.Float64("amount").Nullable(),
			},
			Keys: []string{"region", "store"},
		},
		{
			Name: "visits",
			Columns: sandglass.Columns{
				sandglass.Utf8("area"),
				sandglass.Int64("shop"),
				sandglass.Timestamp("time"),
				sandglass.Int32("visitors"),
			},
			Keys: []string{"area", "shop"},
		},
	},
	Output: sandglass.Columns{
		sandglass.Utf8("region"),
		sandglass.Int64("store"),
		sandglass.Float64("sales").Nullable(),
		sandglass.Int64("visitors"),
		sandglass.Timestamp("first").Nullable(),
	},
	Emit: func(_ *sandglass.Context, group *sandglass.Group, out *sandglass.Rows) error {
		sales := group.Rows("sales")
		amounts, sum := sales.Float64("amount"), 0.0
		for row := range sales.Len() {
			if amount, ok := amounts.Get(row); ok {
				sum += amount
			}
		}
		var visitors int64
		for _, count := range group.Rows("visits").Int32("visitors").Values() {
			visitors += int64(count)
		}
		var first any
		if sales.Len() > 0 {
			first = sales.Timestamp("time").Value(0)
		}
		out.Emit(group.Key(0), group.Key(1), sandglass.Maybe(sum, sales.Len() > 0), visitors, first)
		return nil
	},
}
