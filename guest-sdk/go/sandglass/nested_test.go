package sandglass_test

import (
	"reflect"
	"testing"

	. "sandglass.dev/guest/sandglass"
	"sandglass.dev/guest/sandglasstest"
)

func order() Columns {
	return Columns{
		List("prices", Float64("item").Nullable()).Nullable(),
		Struct("place", Utf8("city"), Int64("floor").Nullable()).Nullable(),
		Map("tags", Utf8("keys"), Int64("values").Nullable()).Nullable(),
		FixedSizeList("size", Int32("item"), 2),
	}
}

func orders() sandglasstest.Rows {
	return sandglasstest.Rows{
		"prices": []any{[]float64{1, 2}, nil, []any{nil, 0.5}, []any{}},
		"place":  []any{map[string]any{"city": "Bern", "floor": nil}, nil, []any{"Rome", 2}, []any{"Oslo", 3}},
		"tags":   []any{[]Entry{{Key: "a", Value: 1}, {Key: "b", Value: nil}}, []Entry{}, nil, []Entry{{Key: "c", Value: 3}}},
		"size":   []any{[]int{1, 2}, []int32{3, 4}, []any{5, 6}, []any{7, 8}},
	}
}

func TestNestedColumnsAreRead(t *testing.T) {
	sums := Row{
		Name: "sums", Input: Input{Name: "orders", Columns: order()},
		Output: Columns{Float64("sum"), Utf8("city").Nullable(), Int64("tags"), Int64("area")},
		Emit: func(_ *Context, batch *Batch, out *Emitter) error {
			prices, place, tags, sizes := batch.List("prices"), batch.Struct("place"), batch.Map("tags"), batch.FixedSizeList("size")
			items, cities, values := prices.Items().Float64(), place.Field("city").Utf8(), tags.Values().Int64()
			for row := range batch.Len() {
				sum := 0.0
				if !prices.IsNull(row) {
					for item, end := prices.Range(row); item < end; item++ {
						if price, ok := items.Get(item); ok {
							sum += price
						}
					}
				}
				var total int64
				if !tags.IsNull(row) {
					for entry, end := tags.Range(row); entry < end; entry++ {
						value, _ := values.Get(entry)
						total += value * int64(len(tags.Keys().Utf8().Value(entry)))
					}
				}
				size := sizes.Value(row).Int32().Values()
				out.Emit(row, sum, Maybe(cities.Value(row), !place.IsNull(row)), total, size[0]*size[1])
			}
			return nil
		},
	}
	out := mustRun(t, sandglasstest.New(sums).BatchRows(3), orders())
	for column, want := range map[string][]any{
		"sum":  {3.0, 0.0, 0.5, 0.0},
		"city": {"Bern", nil, "Rome", "Oslo"},
		"tags": {int64(1), int64(0), int64(0), int64(3)},
		"area": {int64(2), int64(12), int64(30), int64(56)},
	} {
		if got := out.Column(column); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, not %v", column, got, want)
		}
	}
}

func TestNestedCellsGoOutAsTheyAre(t *testing.T) {
	same := Row{
		Name: "same", Input: Input{Name: "orders", Columns: order()}, Output: order(),
		Emit: func(_ *Context, batch *Batch, out *Emitter) error {
			for row := range batch.Len() {
				out.Emit(row, batch.List("prices").Cell(row), batch.Struct("place").Cell(row), batch.Map("tags").Cell(row),
					batch.FixedSizeList("size").Value(row))
			}
			return nil
		},
	}
	out := mustRun(t, sandglasstest.New(same).BatchRows(3), orders())
	for column, want := range map[string][]any{
		"prices": {[]any{1.0, 2.0}, nil, []any{nil, 0.5}, []any{}},
		"place": {map[string]any{"city": "Bern", "floor": nil}, nil, map[string]any{"city": "Rome", "floor": int64(2)},
			map[string]any{"city": "Oslo", "floor": int64(3)}},
		"tags": {[]Entry{{"a", int64(1)}, {"b", nil}}, []Entry{}, nil, []Entry{{"c", int64(3)}}},
		"size": {[]any{int32(1), int32(2)}, []any{int32(3), int32(4)}, []any{int32(5), int32(6)}, []any{int32(7), int32(8)}},
	} {
		if got := out.Column(column); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, not %v", column, got, want)
		}
	}
}

func TestNullsInsideAreNamed(t *testing.T) {
	lists := func(item Column) Columns { return Columns{List("l", item)} }
	passed := Row{
		Name: "t", Input: Input{Name: "rows", Columns: lists(Int64("item").Nullable())}, Output: lists(Int64("item")),
		Batch: func(_ *Context, batch *Batch) (Output, error) { return Output{Batch: batch}, nil },
	}
	rows := sandglasstest.Rows{"l": []any{[]any{1, nil}}}
	_, err := sandglasstest.New(passed).Run(rows)
	if want := "output: column `l` has nulls in its `item`, the contract says that it has none"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	mustRun(t, sandglasstest.New(passed), sandglasstest.Rows{"l": []any{[]any{1, 2}}})
}
