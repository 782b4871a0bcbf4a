package sandglass_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	. "sandglass.dev/guest/sandglass"
	"sandglass.dev/guest/sandglasstest"
)

// listed emits for each key its rows of both inputs, as text.
func listed() Keyed {
	left := Columns{Utf8("region"), Int64("store"), Timestamp("time"), Utf8("what").Nullable()}
	right := Columns{Int64("shop"), Utf8("what").Nullable(), Utf8("area"), Timestamp("time")}
	return Keyed{
		Name: "listed",
		Inputs: []Input{
			{Name: "left", Columns: left, Keys: []string{"region", "store"}},
			{Name: "right", Columns: right, Keys: []string{"area", "shop"}},
		},
		Output: Columns{Utf8("region"), Int64("store"), Utf8("rows")},
		Emit: func(_ *Context, group *Group, out *Rows) error {
			var rows []string
			for _, input := range []string{"left", "right"} {
				batch := group.Rows(input)
				what, times := batch.Utf8("what"), batch.Timestamp("time")
				for row := range batch.Len() {
					text, ok := what.Get(row)
					rows = append(rows, fmt.Sprint(input, times.Value(row), text, ok))
				}
			}
			if group.Key(0).Utf8() == "" || group.Key(1).Int64() < 0 {
				return fmt.Errorf("another key: %v", group)
			}
			out.Emit(group.Key(0), group.Key(1), strings.Join(rows, " "))
			return nil
		},
	}
}

func TestRowsOfAKeyTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		type key struct {
			region string
			store  int64
		}
		want := map[key][]string{}
		rows := func(input, region, store string, count int) sandglasstest.Rows {
			regions, stores, times, what := []string{}, []int64{}, []int64{}, []any{}
			for at := range count {
				k := key{fmt.Sprintf("r%d", r.IntN(3)), int64(r.IntN(3))}
				var cell any
				text, ok := "", r.IntN(3) > 0
				if ok {
					text = fmt.Sprintf("t%d", r.IntN(100))
					cell = text
				}
				regions, stores, times, what = append(regions, k.region), append(stores, k.store), append(times, int64(at)), append(what, cell)
				want[k] = append(want[k], fmt.Sprint(input, at, text, ok))
			}
			return sandglasstest.Rows{region: regions, store: stores, "time": times, "what": what}
		}
		left, right := rows("left", "region", "store", r.IntN(20)), rows("right", "area", "shop", r.IntN(20))
		out := mustRun(t, sandglasstest.New(listed()).BatchRows(1+r.IntN(8)), left, right)
		keys := []key{}
		for k := range want {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(l, r key) int {
			return strings.Compare(fmt.Sprint(l.region, l.store), fmt.Sprint(r.region, r.store))
		})
		if out.Batch.Len() != len(keys) {
			t.Fatalf("%d keys, not %d", out.Batch.Len(), len(keys))
		}
		for i, k := range keys {
			got := []any{out.Column("region")[i], out.Column("store")[i], out.Column("rows")[i]}
			if !reflect.DeepEqual(got, []any{k.region, k.store, strings.Join(want[k], " ")}) {
				t.Fatalf("%v, not %v %v", got, k, want[k])
			}
		}
	}
}

func TestKeysOfEveryKind(t *testing.T) {
	for _, c := range []struct {
		column Column
		rows   any
		want   []any
	}{
		{Boolean("k"), []bool{true, false, true}, []any{false, true}},
		{Int64("k"), []int{3, -1, 3}, []any{int64(-1), int64(3)}},
		{Date32("k"), []int{3, -1, 3}, []any{int32(-1), int32(3)}},
		{Timestamp("k"), []int{3, -1, 3}, []any{int64(-1), int64(3)}},
		{Utf8("k"), []string{"b", "Z", "b"}, []any{"Z", "b"}},
	} {
		counts := Keyed{
			Name: "t", Inputs: []Input{{Name: "rows", Columns: Columns{c.column}, Keys: []string{"k"}}},
			Output: Columns{c.column, Int64("count")},
			Emit: func(_ *Context, group *Group, out *Rows) error {
				out.Emit(group.Key(0), group.Rows("rows").Len())
				return nil
			},
		}
		out := mustRun(t, sandglasstest.New(counts), sandglasstest.Rows{"k": c.rows})
		if got := out.Column("k"); !reflect.DeepEqual(got, c.want) || !reflect.DeepEqual(out.Column("count"), []any{int64(1), int64(2)}) {
			t.Errorf("%v, not %v", got, c.want)
		}
		nullable := counts
		nullable.Inputs = []Input{{Name: "rows", Columns: Columns{c.column.Nullable()}, Keys: []string{"k"}}}
		_, err := sandglasstest.New(nullable).Run(sandglasstest.Rows{"k": []any{nil}})
		if err == nil || !strings.Contains(err.Error(), "key `k` is null") {
			t.Errorf("%v", err)
		}
	}
	if got := fails(t, Keyed{
		Name: "t", Inputs: []Input{{Name: "rows", Columns: Columns{Int64("n")}, Keys: []string{"n"}}}, Output: Columns{Int64("n")},
		Emit: func(_ *Context, group *Group, _ *Rows) error { group.Key(0).Utf8(); return nil },
	}); got.Message != "the key is int64, not utf8" {
		t.Error(got)
	}
}

// Texts of a group's batches may be kept: the memory of keyed runs is not used again.
func TestWholeIntervals(t *testing.T) {
	last := Interval{
		Name: "last",
		Inputs: []Input{
			{Name: "a", Columns: Columns{Utf8("name"), Int64("n")}},
			{Name: "b", Columns: Columns{Utf8("name")}},
		},
		Output: Columns{Utf8("name"), Int64("n").Nullable()},
		Emit: func(_ *Context, inputs *Inputs, out *Rows) error {
			numbers := map[string]int64{}
			for _, batch := range inputs.Batches("a") {
				names := batch.Utf8("name")
				for row, n := range batch.Int64("n").Values() {
					numbers[names.Value(row)] = n
				}
			}
			all := inputs.Rows("b")
			for row := range all.Len() {
				n, ok := numbers[all.Utf8("name").Value(row)]
				out.Emit(all.Utf8("name").Cell(row), Maybe(n, ok))
			}
			out.EmitColumns(Texts([]string{"end"}), oneNull())
			return nil
		},
	}
	out := mustRun(t, sandglasstest.New(last).BatchRows(2),
		sandglasstest.Rows{"name": []string{"x", "y", "x"}, "n": []int{1, 2, 3}},
		sandglasstest.Rows{"name": []string{"y", "z", "x", "x", "y"}})
	if got := out.Column("n"); !reflect.DeepEqual(got, []any{int64(2), nil, int64(3), int64(3), int64(2), nil}) {
		t.Errorf("%v", got)
	}
	if names := out.Column("name"); names[5] != "end" || len(names) != 6 {
		t.Errorf("%v", names)
	}
}

func oneNull() Array {
	b := NewBuilder(Int64("n").Nullable(), 1)
	b.AppendNull()
	return b.Array()
}
