package main

import (
	"fmt"

	"sandglass.dev/guest/sandglass"
)

// orderDetails is what a single order tells.
var orderDetails = sandglass.Row{
	Name: "order_details",
	Doc:  "Price per item and size of each order.",
	Input: sandglass.Input{Name: "orders", Columns: sandglass.Columns{
		sandglass.Int64("customer_id"),
		sandglass.Timestamp("ordered_at"),
		sandglass.Int64("items"),
		sandglass.Float64("amount"),
	}},
	Parameters: []sandglass.Parameter{
		sandglass.Float64Parameter("large_from").Default(100).Doc("The amount from which on an order is large."),
	},
	Output: sandglass.Columns{
		sandglass.Int64("customer_id"),
		sandglass.Timestamp("ordered_at"),
		sandglass.Float64("price_per_item").Nullable(),
		sandglass.Boolean("is_large"),
	},
	Emit: func(ctx *sandglass.Context, batch *sandglass.Batch, out *sandglass.Emitter) error {
		largeFrom := ctx.Float64("large_from")
		ids, times := batch.Int64("customer_id"), batch.Timestamp("ordered_at")
		items, amounts := batch.Int64("items"), batch.Float64("amount")
		for row := range batch.Len() {
			amount := amounts.Value(row)
			if amount < 0 {
				out.Reject(row, fmt.Sprintf("an amount of %v", amount))
				continue
			}
			count := items.Value(row)
			price := sandglass.Maybe(amount/float64(count), count > 0)
			out.Emit(row, ids.Value(row), times.Value(row), price, amount >= largeFrom)
		}
		return nil
	},
}
