package main

import "sandglass.dev/guest/sandglass"

const dayMicros = 86_400_000_000

// customerRFM is recency, frequency and monetary value of each customer who bought in the range.
var customerRFM = sandglass.Keyed{
	Name: "customer_rfm",
	Doc:  "Recency, frequency and monetary value over the purchases in range, at the end of the interval.",
	Inputs: []sandglass.Input{{
		Name: "purchases",
		Columns: sandglass.Columns{
			sandglass.Int64("customer_id"),
			sandglass.Timestamp("timestamp"),
			sandglass.Float64("amount").Nullable(),
		},
		Keys: []string{"customer_id"},
	}},
	Output: sandglass.Columns{
		sandglass.Int64("customer_id"),
		sandglass.Timestamp("timestamp"),
		sandglass.Int64("recency_days"),
		sandglass.Int64("frequency"),
		sandglass.Float64("monetary"),
	},
	Emit: func(ctx *sandglass.Context, group *sandglass.Group, out *sandglass.Rows) error {
		end := ctx.Interval().End
		purchases := group.Rows("purchases")
		// Sorted by time, so the last row is the latest purchase.
		times := purchases.Timestamp("timestamp").Values()
		if len(times) == 0 {
			return nil
		}
		amounts, monetary := purchases.Float64("amount"), 0.0
		for row := range purchases.Len() {
			if amount, ok := amounts.Get(row); ok {
				monetary += amount
			}
		}
		out.Emit(group.Key(0), end-1, floorDiv(end-times[len(times)-1], dayMicros), len(times), monetary)
		return nil
	},
}

// floorDiv rounds down, also below zero, where Go's division rounds up.
func floorDiv(a, b int64) int64 {
	quotient := a / b
	if a%b < 0 {
		quotient--
	}
	return quotient
}
