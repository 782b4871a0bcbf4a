//go:build !wasip1

package sandglass

import (
	"fmt"
	"testing"

	"sandglass.dev/guest/internal/wire"
)

func measured() Columns { return Columns{Int64("id"), Float64("amount")} }

func measuredRows(rows int) wire.Batch {
	ids, amounts := NewBuilder(Int64("id"), rows), NewBuilder(Float64("amount"), rows)
	for row := range rows {
		ids.AppendInt64(int64(row))
		amounts.AppendFloat64(float64(row*7919%1000) / 1000)
	}
	arrays := []array{ids.finish(), amounts.finish()}
	return cloned(encoded(measured(), newBatch(newSchema(measured()), rows, arrays, nil)))
}

// BenchmarkFilter tells what a push and its calls of next cost natively; allocations are the same in a component.
func BenchmarkFilter(b *testing.B) {
	input := Input{Name: "rows", Columns: measured()}
	forms := map[string]Row{
		"greater": {Batch: func(_ *Context, batch *Batch) (Output, error) {
			return batch.Filter(batch.Float64("amount").Greater(0.5)), nil
		}},
		"where": {Batch: func(_ *Context, batch *Batch) (Output, error) {
			amounts := batch.Float64("amount")
			return batch.Filter(batch.Where(func(row int) bool { return amounts.Value(row) > 0.5 })), nil
		}},
		"emit": {Emit: func(_ *Context, batch *Batch, out *Emitter) error {
			ids := batch.Int64("id")
			for row, amount := range batch.Float64("amount").Values() {
				if amount > 0.5 {
					out.Emit(row, ids.Value(row), amount)
				}
			}
			return nil
		}},
	}
	for name, form := range forms {
		for _, rows := range []int{1, 8_192} {
			form.Name, form.Input, form.Output = name, input, measured()
			b.Run(fmt.Sprintf("%s/%d", name, rows), func(b *testing.B) {
				run, failed := opened(form.define(), wire.Context{Lineage: true})
				if failed != nil {
					b.Fatal(failed.Message)
				}
				batch := measuredRows(rows)
				b.ReportAllocs()
				for b.Loop() {
					if failed := run.Push(0, batch); failed != nil {
						b.Fatal(failed.Message)
					}
					for {
						output, failed := run.Next()
						if failed != nil {
							b.Fatal(failed.Message)
						}
						if output == nil {
							break
						}
					}
				}
			})
		}
	}
}
