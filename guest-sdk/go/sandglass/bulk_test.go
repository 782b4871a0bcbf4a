//go:build !wasip1

package sandglass

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTakeOfEveryKind(t *testing.T) {
	eachRandom(t, func(t *testing.T, r *rand.Rand, _ *Column, cells []any, a array) {
		for _, m := range []*memory{nil, {}, {words: make([]uint64, 1<<12)}} {
			var rows []uint32
			var want []any
			for range r.IntN(3 * (len(cells) + 1)) {
				if len(cells) > 0 {
					row := r.IntN(len(cells))
					rows, want = append(rows, uint32(row)), append(want, cells[row])
				}
			}
			taken := take(m, &a, rows)
			same(t, "taken", cellsOf(&taken), want)
			if taken.validity != nil && taken.NullCount() == 0 {
				t.Fatal("a validity without nulls")
			}
		}
	})
}

func TestNeighboursAreTakenTogether(t *testing.T) {
	eachRandom(t, func(t *testing.T, r *rand.Rand, _ *Column, cells []any, a array) {
		var rows []uint32
		var want []any
		for row, cell := range cells {
			if row%9 != 4 {
				rows, want = append(rows, uint32(row)), append(want, cell)
			}
		}
		taken := take(nil, &a, rows)
		same(t, "taken", cellsOf(&taken), want)
	})
}

func TestConcatenationOfEveryKind(t *testing.T) {
	eachRandom(t, func(t *testing.T, r *rand.Rand, c *Column, cells []any, a array) {
		more, b := randomColumn(r, c, 13)
		none := a.slice(0, 0)
		all := concatenated(c, []array{a, none, b})
		same(t, "all", cellsOf(&all), append(slices.Clone(cells), more...))
	})
}

func TestCellsOfArrays(t *testing.T) {
	eachRandom(t, func(t *testing.T, _ *rand.Rand, c *Column, cells []any, a array) {
		b := newBuilder(c, nil, 0)
		for row := range cells {
			b.Append(a.Cell(row))
		}
		again := b.finish()
		same(t, "again", cellsOf(&again), cells)
	})
}

func TestComparisons(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, rows := range []int{0, 1, 7, 8, 9, 16, 100} {
		for _, nullable := range []bool{false, true} {
			column := Float64("n")
			if nullable {
				column = column.Nullable()
			}
			b := NewBuilder(column, 0)
			for range rows {
				switch {
				case nullable && r.IntN(3) == 0:
					b.AppendNull()
				case r.IntN(5) == 0:
					b.AppendFloat64(math.NaN())
				default:
					b.AppendFloat64(float64(r.IntN(5)))
				}
			}
			array := b.Array()
			v := array.Float64()
			if rows > 5 {
				array = untyped(array.slice(3, rows-3))
				v = array.Float64()
			}
			batch := batchOf(column, array)
			for name, compared := range map[string]struct {
				rows []uint32
				is   func(float64) bool
			}{
				"greater":          {v.Greater(2), func(x float64) bool { return x > 2 }},
				"greater or equal": {v.GreaterOrEqual(2), func(x float64) bool { return x >= 2 }},
				"less":             {v.Less(2), func(x float64) bool { return x < 2 }},
				"less or equal":    {v.LessOrEqual(2), func(x float64) bool { return x <= 2 }},
				"equal":            {v.Equal(2), func(x float64) bool { return x == 2 }},
				"not equal":        {v.NotEqual(2), func(x float64) bool { return x != 2 }},
				"below zero":       {v.GreaterOrEqual(-1), func(x float64) bool { return x >= -1 }},
			} {
				var want []uint32
				for row := range v.Len() {
					if x, ok := v.Get(row); ok && compared.is(x) {
						want = append(want, uint32(row))
					}
				}
				if !slices.Equal(compared.rows, want) {
					t.Errorf("%s of %d: %v, not %v", name, rows, compared.rows, want)
				}
				where := batch.Where(func(row int) bool { x, ok := v.Get(row); return ok && compared.is(x) })
				if !slices.Equal(where, want) {
					t.Errorf("%s of %d, where: %v, not %v", name, rows, where, want)
				}
			}
		}
	}
}

func batchOf(column Column, rows *Untyped) *Batch {
	return newBatch(newSchema([]Column{column}), rows.Len(), []array{rows.array}, nil)
}

func TestOnlyRowsOfTheBatchAreTaken(t *testing.T) {
	for place := range 19 {
		for _, row := range []uint32{4, math.MaxUint32} {
			rows := make([]uint32, 19)
			rows[place] = row
			if got := message(func() { checkRows(rows, 4) }); got == "" {
				t.Errorf("%v are taken", rows)
			}
		}
	}
	if got := message(func() { checkRows([]uint32{3, 3, 0, 1, 2, 3, 0, 1, 2, 3}, 4) }); got != "" {
		t.Error(got)
	}
}

func TestBitsAtAnyPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	bytes := make([]byte, 40)
	for i := range bytes {
		bytes[i] = byte(r.Uint32())
	}
	for range 2_000 {
		from := r.IntN(200)
		length := r.IntN(len(bytes)*8 - from)
		copied, count := bitsFrom(nil, bytes, from, length), 0
		for i := range length {
			if bit(bytes, from+i) {
				count++
			}
			if bit(copied, i) != bit(bytes, from+i) {
				t.Fatalf("bit %d of %d from %d", i, length, from)
			}
		}
		if got := ones(bytes, from, length); got != count {
			t.Fatalf("%d ones, not %d", got, count)
		}
		set := make([]byte, 40)
		setBits(set, from, length)
		if ones(set, 0, 320) != length || ones(set, from, length) != length {
			t.Fatalf("%d bits set from %d", length, from)
		}
	}
}

// message is what the function panics with.
func message(function func()) (text string) {
	defer func() {
		if err, ok := recover().(*Error); ok {
			text = err.Message
		}
	}()
	function()
	return ""
}
