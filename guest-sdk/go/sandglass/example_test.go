package sandglass_test

import (
	"fmt"

	"sandglass.dev/guest/sandglass"
	"sandglass.dev/guest/sandglasstest"
)

// One row for each unit that was bought.
func ExampleRow() {
	units := sandglass.Row{
		Name: "units",
		Doc:  "One row for each unit bought.",
		Input: sandglass.Input{Name: "purchases", Columns: sandglass.Columns{
			sandglass.Int64("customer_id"),
			sandglass.Timestamp("timestamp"),
			sandglass.Int64("quantity"),
		}},
		Parameters: []sandglass.Parameter{
			sandglass.Int64Parameter("most").Default(100).Doc("Quantities above are rejected."),
		},
		Output: sandglass.Columns{
			sandglass.Int64("customer_id"),
			sandglass.Timestamp("timestamp"),
			sandglass.Int64("unit"),
		},
		Emit: func(ctx *sandglass.Context, batch *sandglass.Batch, out *sandglass.Emitter) error {
			most := ctx.Int64("most")
			ids, times := batch.Int64("customer_id"), batch.Timestamp("timestamp")
			for row, quantity := range batch.Int64("quantity").Values() {
				if quantity > most {
					out.Reject(row, fmt.Sprintf("a quantity of %d", quantity))
					continue
				}
				for unit := range quantity {
					out.Emit(row, ids.Value(row), times.Value(row), unit)
				}
			}
			return nil
		},
	}

	out, err := sandglasstest.New(units).Parameter("most", 10).Run(sandglasstest.Rows{
		"customer_id": []int64{1, 2, 3},
		"timestamp":   []int64{0, 0, 0},
		"quantity":    []int64{2, 99, 1},
	})
	fmt.Println(err, out.Column("unit"), out.SourceRows, out.Rejected)
	// Output: <nil> [0 1 0] [0 0 2] [{1 a quantity of 99}]
}

// A filter by columns: the fastest there is.
func ExampleBatch_Filter() {
	columns := sandglass.Columns{sandglass.Timestamp("timestamp"), sandglass.Float64("amount").Nullable()}
	dear := sandglass.Row{
		Name:       "dear",
		Input:      sandglass.Input{Name: "purchases", Columns: columns},
		Parameters: []sandglass.Parameter{sandglass.Float64Parameter("limit").Default(100).Doc("Dollars.")},
		Output:     columns,
		Batch: func(ctx *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
			return batch.Filter(batch.Float64("amount").Greater(ctx.Float64("limit"))), nil
		},
	}

	out, err := sandglasstest.New(dear).Run(sandglasstest.Rows{
		"timestamp": []int64{0, 1, 2},
		"amount":    []any{1.0, nil, 101.0},
	})
	fmt.Println(err, out.Column("amount"), out.SourceRows)
	// Output: <nil> [101] [2]
}

// Whole columns, computed.
func ExampleAligned() {
	inCents := sandglass.Aligned{
		Name: "in_cents",
		Input: sandglass.Input{Name: "purchases", Columns: sandglass.Columns{
			sandglass.Timestamp("timestamp"),
			sandglass.Float64("amount"),
		}},
		Output: sandglass.Columns{sandglass.Timestamp("timestamp"), sandglass.Float64("cents")},
		Batch: func(_ *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
			cents := make([]float64, batch.Len())
			for row, dollars := range batch.Float64("amount").Values() {
				cents[row] = dollars * 100
			}
			return sandglass.ColumnsOf(batch.Timestamp("timestamp"), sandglass.Float64s(cents)), nil
		},
	}

	out, err := sandglasstest.New(inCents).Run(sandglasstest.Rows{"timestamp": []int64{0, 1}, "amount": []float64{1, 101}})
	fmt.Println(err, out.Batch.Float64("cents").Values())
	// Output: <nil> [100 10100]
}

// The transformation of a request view: features of other views may be null.
func ExampleContext_RequestTime() {
	perDay := sandglass.Aligned{
		Name: "amount_per_day",
		Input: sandglass.Input{Name: "request", Columns: sandglass.Columns{
			sandglass.Float64("amount"),
			sandglass.Timestamp("last_purchase").Nullable(),
		}},
		Output: sandglass.Columns{sandglass.Float64("amount_per_day").Nullable()},
		Emit: func(ctx *sandglass.Context, batch *sandglass.Batch, out *sandglass.Rows) error {
			now, lasts := ctx.RequestTime(), batch.Timestamp("last_purchase")
			for row, amount := range batch.Float64("amount").Values() {
				last, ok := lasts.Get(row)
				days := float64(now-last) / 86_400e6
				out.Emit(sandglass.Maybe(amount/max(days, 1), ok))
			}
			return nil
		},
	}

	const day = 86_400_000_000
	out, err := sandglasstest.New(perDay).Request(4 * day).Run(sandglasstest.Rows{
		"amount":        []float64{8, 8, 8},
		"last_purchase": []any{0, 3 * day, nil},
	})
	fmt.Println(err, out.Column("amount_per_day"))
	// Output: <nil> [2 8 <nil>]
}

// One row for each customer.
func ExampleKeyed() {
	totals := sandglass.Keyed{
		Name: "totals",
		Inputs: []sandglass.Input{{
			Name: "purchases",
			Columns: sandglass.Columns{
				sandglass.Int64("customer_id"),
				sandglass.Timestamp("timestamp"),
				sandglass.Float64("amount"),
			},
			Keys: []string{"customer_id"},
		}},
		Output: sandglass.Columns{
			sandglass.Int64("customer_id"),
			sandglass.Timestamp("timestamp"),
			sandglass.Float64("total"),
		},
		Emit: func(ctx *sandglass.Context, group *sandglass.Group, out *sandglass.Rows) error {
			total := 0.0
			for _, amount := range group.Rows("purchases").Float64("amount").Values() {
				total += amount
			}
			out.Emit(group.Key(0), ctx.Interval().End-1, total)
			return nil
		},
	}

	out, err := sandglasstest.New(totals).Run(sandglasstest.Rows{
		"customer_id": []int64{2, 1, 2},
		"timestamp":   []int64{0, 0, 0},
		"amount":      []float64{1, 2, 3},
	})
	fmt.Println(err, out.Column("customer_id"), out.Column("total"))
	// Output: <nil> [1 2] [2 4]
}

// Lists, made by a builder.
func ExampleBuilder_Begin() {
	words := sandglass.NewBuilder(sandglass.List("words", sandglass.Utf8("item")).Nullable(), 2)
	words.Begin()
	words.Items().AppendString("a")
	words.Items().AppendString("b")
	words.AppendNull()

	lists := words.Array().List()
	from, to := lists.Range(0)
	fmt.Println(lists.Len(), lists.IsNull(1), to-from, lists.Items().Utf8().Value(1))
	// Output: 2 true 2 b
}
