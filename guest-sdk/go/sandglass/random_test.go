//go:build !wasip1

package sandglass

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"sandglass.dev/guest/internal/wire"
)

// everyKind is a nullable column of each kind.
func everyKind() Columns {
	return Columns{
		Boolean("boolean").Nullable(),
		Int8("int8").Nullable(),
		Int16("int16").Nullable(),
		Int32("int32").Nullable(),
		Int64("int64").Nullable(),
		Uint8("uint8").Nullable(),
		Uint16("uint16").Nullable(),
		Uint32("uint32").Nullable(),
		Uint64("uint64").Nullable(),
		Float32("float32").Nullable(),
		Float64("float64").Nullable(),
		Decimal128("decimal128", 38, 10).Nullable(),
		Utf8("utf8").Nullable(),
		Binary("binary").Nullable(),
		FixedSizeBinary("fixed", 3).Nullable(),
		FixedSizeBinary("none", 0).Nullable(),
		Date32("date32").Nullable(),
		Timestamp("timestamp").Nullable(),
		Duration("duration").Nullable(),
		List("list", Int64("item").Nullable()).Nullable(),
		List("nested", List("item", Utf8("item").Nullable()).Nullable()).Nullable(),
		FixedSizeList("pair", Float32("item").Nullable(), 2).Nullable(),
		FixedSizeList("whole_pair", Boolean("item"), 2).Nullable(),
		Struct("struct", Int64("whole"), Utf8("text").Nullable(), Struct("inner", Boolean("flag").Nullable()).Nullable()).Nullable(),
		Map("map", Utf8("keys"), List("values", Int32("item").Nullable()).Nullable()).Nullable(),
	}
}

// randomCell is a cell of a column, of those that valueOf answers.
func randomCell(r *rand.Rand, c *Column) any {
	if c.nullable && r.IntN(4) == 0 {
		return nil
	}
	text := func() string { return fmt.Sprintf("é%d", r.IntN(1_000_000))[:2+r.IntN(2)] }
	switch c.kind {
	case wire.Boolean:
		return r.IntN(2) == 0
	case wire.Int8:
		return int8(r.Uint64())
	case wire.Int16:
		return int16(r.Uint64())
	case wire.Int32, wire.Date32:
		return int32(r.Uint64())
	case wire.Int64, wire.Timestamp, wire.Duration:
		return int64(r.Uint64())
	case wire.Uint8:
		return uint8(r.Uint64())
	case wire.Uint16:
		return uint16(r.Uint64())
	case wire.Uint32:
		return uint32(r.Uint64())
	case wire.Uint64:
		return r.Uint64()
	case wire.Float32:
		return r.Float32()
	case wire.Float64:
		return r.NormFloat64()
	case wire.Decimal128:
		return Decimal{r.Uint64(), int64(r.Uint64() >> 2)}
	case wire.Utf8:
		return text()
	case wire.Binary:
		return []byte(text())
	case wire.FixedSizeBinary:
		return []byte("abcdefgh")[:c.size:c.size]
	case wire.Struct:
		fields := map[string]any{}
		for i := range c.children {
			fields[c.children[i].name] = randomCell(r, &c.children[i])
		}
		return fields
	case wire.Map:
		entries := []Entry{}
		for range r.IntN(4) {
			entries = append(entries, Entry{randomCell(r, &c.children[0]), randomCell(r, &c.children[1])})
		}
		return entries
	}
	items, length := []any{}, r.IntN(4)
	if c.kind == wire.FixedSizeList {
		length = c.size
	}
	for range length {
		items = append(items, randomCell(r, &c.children[0]))
	}
	return items
}

// randomColumn is rows of a column as cells and as an array; some arrays are a part of a longer one.
func randomColumn(r *rand.Rand, c *Column, rows int) ([]any, array) {
	before, after := r.IntN(10), r.IntN(10)
	b := newBuilder(c, nil, r.IntN(100))
	cells := make([]any, before+rows+after)
	for i := range cells {
		cells[i] = randomCell(r, c)
		b.Append(cells[i])
	}
	whole := b.finish()
	return cells[before : before+rows], whole.slice(before, rows)
}

func cellsOf(a *array) []any {
	cells := make([]any, a.length)
	for row := range cells {
		cells[row] = valueOf(a, row)
	}
	return cells
}

// eachRandom calls for columns of every kind, of many lengths.
func eachRandom(t *testing.T, each func(t *testing.T, r *rand.Rand, c *Column, cells []any, a array)) {
	for i, c := range everyKind() {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for _, rows := range []int{0, 1, 7, 8, 9, 63, 64, 65, 200} {
				cells, a := randomColumn(r, &c, rows)
				each(t, r, &c, cells, a)
			}
		})
	}
}

func same(t *testing.T, what string, got, want []any) {
	t.Helper()
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: %v, not %v", what, got, want)
	}
}
