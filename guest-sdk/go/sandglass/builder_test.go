//go:build !wasip1

package sandglass

import (
	"math"
	"math/big"
	"testing"
	"time"
)

func TestCellsOfEveryGoType(t *testing.T) {
	seven, half, word, yes, at := int64(7), 0.5, "word", true, time.UnixMicro(-1)
	var none *string
	for _, c := range []struct {
		column Column
		cell   any
		want   any
	}{
		{Int64("x"), 7, int64(7)},
		{Int64("x"), uint32(7), int64(7)},
		{Int64("x"), &seven, int64(7)},
		{Int8("x"), -128, int8(-128)},
		{Uint64("x"), uint64(math.MaxUint64), uint64(math.MaxUint64)},
		{Uint64("x"), uint(7), uint64(7)},
		{Float64("x"), float32(0.5), 0.5},
		{Float64("x"), &half, 0.5},
		{Utf8("x"), &word, "word"},
		{Utf8("x").Nullable(), none, nil},
		{Utf8("x").Nullable(), Maybe("a", false), nil},
		{Utf8("x").Nullable(), Maybe("a", true), "a"},
		{Boolean("x"), &yes, true},
		{Timestamp("x"), &at, int64(-1)},
		{Timestamp("x"), time.Date(2024, 1, 1, 0, 0, 0, 1_999, time.UTC), int64(1_704_067_200_000_001)},
		{Date32("x"), time.UnixMicro(-1), int32(-1)},
		{Date32("x"), time.UnixMicro(86_400_000_000), int32(1)},
		{Duration("x"), time.Second, int64(1_000_000)},
		{Decimal128("x", 38, 2), -1, Decimal{math.MaxUint64, -1}},
		{List("x", Int64("item")), []int64{1, 2}, []any{int64(1), int64(2)}},
		{List("x", Int32("item")), []int32{1}, []any{int32(1)}},
		{List("x", Float64("item")), []float64{0.5}, []any{0.5}},
		{List("x", Float32("item")), []float32{0.5}, []any{float32(0.5)}},
		{List("x", Utf8("item")), []string{"a"}, []any{"a"}},
		{List("x", Boolean("item")), []bool{}, []any{}},
		{List("x", Int64("item")), Int64s([]int64{3}), []any{int64(3)}},
		{Struct("x", Int64("a")), []any{1}, map[string]any{"a": int64(1)}},
		{Utf8("x"), Key{kind: Utf8("x").kind, text: "k"}, "k"},
	} {
		b := NewBuilder(c.column, 0)
		b.Append(c.cell)
		a := b.finish()
		same(t, kindName(&c.column), cellsOf(&a), []any{c.want})
	}
}

func TestCellsThatDoNotFit(t *testing.T) {
	list := List("x", Int64("item"))
	for _, c := range []struct {
		column Column
		cell   any
		want   string
	}{
		{Int64("x"), "a", "column `x` is int64, which text is not"},
		{Int64("x"), nil, "column `x` is null, the contract says that it never is"},
		{Int64("x"), 0.5, "column `x` is int64, which the float64 0.5 is not"},
		{Float64("x"), 1, "column `x` is float64, which the int64 1 is not"},
		{Int8("x"), 128, "column `x` is int8, which the int64 128 is not"},
		{Uint64("x"), -1, "column `x` is uint64, which the int64 -1 is not"},
		{Int64("x"), uint64(math.MaxUint64), "column `x` is int64, which the uint64 18446744073709551615 is not"},
		{Boolean("x"), 1, "column `x` is boolean, which the int64 1 is not"},
		{FixedSizeBinary("x", 3), []byte{1}, "column `x` is fixed-size-binary(3), which 1 bytes is not"},
		{Utf8("x"), []byte{1}, "column `x` is utf8, which 1 bytes is not"},
		{Utf8("x"), "\xff", "column `x` has text that is not UTF-8 in its row 0: use strings.ToValidUTF8, or the kind binary"},
		{list, []string{"a"}, "column `item` is int64, which text is not"},
		{list, Float64s([]float64{1}), "column `x` is list of int64, which an array of float64 is not"},
		{FixedSizeList("x", Int64("item"), 2), []int64{1}, "column `x`, list of 2 int64: 1 items where there should be 2"},
		{Struct("x", Int64("a")), map[string]any{"b": 1}, "column `x`: a struct without its field `a`"},
		{Timestamp("x"), time.Second, "column `x` is timestamp, which a time.Duration is not"},
		{Utf8("x"), Int64s([]int64{1}).Cell(0), "column `x` is utf8, which a cell of int64 is not"},
	} {
		if got := message(func() { b := NewBuilder(c.column, 0); b.Append(c.cell); b.Array() }); got != c.want {
			t.Errorf("%v: %q, not %q", c.cell, got, c.want)
		}
	}
}

func TestNestedRowsMustBeWhole(t *testing.T) {
	pair := NewBuilder(Struct("s", Int64("a"), Int64("b")), 0)
	pair.Begin()
	pair.Field("a").AppendInt64(1)
	want := "column `s`, struct {a: int64, b: int64}: 0 values of field `b` where there should be 1"
	if got := message(func() { pair.Array() }); got != want {
		t.Error(got)
	}
	list := NewBuilder(List("l", Int64("item")).Nullable(), 0)
	list.AppendNull()
	list.Items().AppendInt64(1)
	if got := message(func() { list.Begin() }); got != "column `l`, list of int64: 1 items of a null where there should be 0" {
		t.Error(got)
	}
	entries := NewBuilder(Map("m", Utf8("k"), Int64("v")), 0)
	entries.Begin()
	entries.Keys().AppendString("a")
	if got := message(func() { entries.Array() }); got != "column `m`, map of utf8 to int64: 0 values where there should be 1" {
		t.Error(got)
	}
	early := NewBuilder(List("l", Int64("item")), 0)
	early.Items().AppendInt64(1)
	want = "column `l`, list of int64: 1 items before the first Begin where there should be 0"
	if got := message(func() { early.Begin() }); got != want {
		t.Error(got)
	}
}

// Characters of two texts may be valid together and not each.
func TestTextIsLookedAtRowByRow(t *testing.T) {
	b := NewBuilder(Utf8("t"), 0)
	b.AppendString("a\xc3")
	b.AppendString("\xa9")
	if got := message(func() { b.Array() }); got == "" {
		t.Error("half a character is text")
	}
}

func TestBuildersBeginAnew(t *testing.T) {
	for _, column := range []Column{Boolean("x").Nullable(), Utf8("x").Nullable(), Int64("x").Nullable()} {
		for _, m := range []*memory{nil, {}} {
			b := newBuilder(&column, m, 0)
			for round := range 3 {
				var want []any
				for i := range 200 {
					cell := map[string]any{"boolean": i%2 == 0, "utf8": "text", "int64": int64(i)}[column.Kind()]
					if i%3 == round {
						cell = nil
					}
					b.Append(cell)
					want = append(want, cell)
				}
				a := b.finish()
				same(t, column.Kind(), cellsOf(&a), want)
				if m != nil {
					m.reset()
					for i := range m.words {
						m.words[i] = 0xDBDBDBDBDBDBDBDB
					}
				}
			}
		}
	}
}

func TestDecimals(t *testing.T) {
	for _, text := range []string{
		"0", "-1", "18446744073709551615", "-18446744073709551616", "99999999999999999999999999999999999999",
		"-170141183460469231731687303715884105728",
	} {
		value, _ := new(big.Int).SetString(text, 10)
		d, ok := DecimalOf(value)
		if !ok || d.Big().Cmp(value) != 0 {
			t.Errorf("%s: %v", text, d.Big())
		}
	}
	if _, ok := DecimalOf(new(big.Int).Lsh(big.NewInt(1), 127)); ok {
		t.Error("2^127 fits")
	}
	for _, whole := range []int64{0, -1, math.MinInt64, math.MaxInt64} {
		if got, ok := NewDecimal(whole).Int64(); !ok || got != whole {
			t.Errorf("%d: %d", whole, got)
		}
	}
	if _, ok := (Decimal{High: 1}).Int64(); ok {
		t.Error("2^64 fits")
	}
}
