package sandglass

import (
	"slices"
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

// Take is a batch of these rows, in this order; a row may be there more than once. A column is made when it is asked for.
func (b *Batch) Take(rows []uint32) *Batch {
	checkRows(rows, b.rows)
	columns := make([]Untyped, len(b.columns))
	return &Batch{schema: b.schema, rows: len(rows), columns: columns, picked: rows, from: b, memory: b.memory}
}

// Filter is the output of the row scope that these rows of the batch are, rising, as [Batch.Where] and [Values.Greater] answer
// them; its columns are found by the names in the contract.
func (b *Batch) Filter(rows []uint32) Output { return Output{Batch: b.Take(rows), SourceRows: rows} }

// checkRows looks whether all rows are below so many: what follows counts on it.
func checkRows(rows []uint32, below int) {
	// Negative, once there is a row that is not.
	left, last := 0, below-1
	i := 0
	for ; i+8 <= len(rows); i += 8 {
		e := (*[8]uint32)(rows[i:])
		left |= last - int(e[0]) | last - int(e[1]) | last - int(e[2]) | last - int(e[3]) |
			last - int(e[4]) | last - int(e[5]) | last - int(e[6]) | last - int(e[7])
	}
	for ; i < len(rows); i++ {
		left |= last - int(rows[i])
	}
	if left < 0 {
		panic(internal("row %d of a batch of %d", slices.Max(rows), below))
	}
}

// take copies rows of an array, each below its length.
func take(m *memory, a *array, rows []uint32) array {
	taken := array{column: a.column, length: len(rows), memory: a.memory}
	if a.validity != nil {
		taken.validity = takeBits(m, a.validity, a.from, rows)
		taken.nulls = len(rows) - ones(taken.validity, 0, len(rows))
		if taken.nulls == 0 {
			taken.validity = nil
		}
	}
	switch a.column.kind {
	case wire.Boolean:
		taken.values = takeBits(m, a.values, a.from, rows)
	case wire.Utf8, wire.Binary:
		taken.offsets, taken.values = takeTexts(m, a, rows)
	case wire.Struct:
		for i := range a.children {
			field := a.field(i)
			taken.children = append(taken.children, take(m, &field, rows))
		}
	case wire.List, wire.Map, wire.FixedSizeList:
		var items []uint32
		taken.offsets, items = itemsOf(m, a, rows)
		for i := range a.children {
			taken.children = append(taken.children, take(m, &a.children[i], items))
		}
	default:
		width := a.column.width()
		taken.values = takeWidth(m, a.values[a.from*width:(a.from+a.length)*width], width, rows)
	}
	return taken
}

func takeWidth(m *memory, values []byte, width int, rows []uint32) []byte {
	if len(rows) == 0 || width == 0 {
		return []byte{}
	}
	to := room[byte](m, len(rows)*width)
	switch width {
	case 1:
		gather[uint8](to, values, rows)
	case 2:
		gather[uint16](to, values, rows)
	case 4:
		gather[uint32](to, values, rows)
	case 8:
		gather[uint64](to, values, rows)
	case 16:
		gather[[2]uint64](to, values, rows)
	default:
		for i, row := range rows {
			copy(to[i*width:(i+1)*width], values[int(row)*width:])
		}
	}
	return to
}

// gather is without checks of bounds: `to` has a value for each of the rows, and each of the rows is one of `from`.
func gather[T any](to, from []byte, rows []uint32) {
	size := unsafe.Sizeof(*new(T))
	t, f := unsafe.Pointer(unsafe.SliceData(to)), unsafe.Pointer(unsafe.SliceData(from))
	i := 0
	for ; i+8 <= len(rows); i += 8 {
		e, d := (*[8]uint32)(rows[i:]), (*[8]T)(unsafe.Add(t, uintptr(i)*size))
		d[0] = *(*T)(unsafe.Add(f, uintptr(e[0])*size))
		d[1] = *(*T)(unsafe.Add(f, uintptr(e[1])*size))
		d[2] = *(*T)(unsafe.Add(f, uintptr(e[2])*size))
		d[3] = *(*T)(unsafe.Add(f, uintptr(e[3])*size))
		d[4] = *(*T)(unsafe.Add(f, uintptr(e[4])*size))
		d[5] = *(*T)(unsafe.Add(f, uintptr(e[5])*size))
		d[6] = *(*T)(unsafe.Add(f, uintptr(e[6])*size))
		d[7] = *(*T)(unsafe.Add(f, uintptr(e[7])*size))
	}
	into, values := view[T](to), view[T](from)
	for ; i < len(rows); i++ {
		into[i] = values[rows[i]]
	}
}

func takeBits(m *memory, bytes []byte, from int, rows []uint32) []byte {
	to := make0[byte](m, bitBytes(len(rows)))
	for i := 0; i+8 <= len(rows); i += 8 {
		e := (*[8]uint32)(rows[i:])
		var b byte
		for j := 7; j >= 0; j-- {
			place := from + int(e[j])
			b = b<<1 | bytes[place>>3]>>(place&7)&1
		}
		to[i>>3] = b
	}
	for i := len(rows) &^ 7; i < len(rows); i++ {
		if bit(bytes, from+int(rows[i])) {
			setBit(to, i)
		}
	}
	return to
}

func takeTexts(m *memory, a *array, rows []uint32) ([]int32, []byte) {
	starts := a.offsets[a.from : a.from+a.length+1]
	offsets := room[int32](m, len(rows)+1)
	offsets[0] = 0
	end := 0
	for i, row := range rows {
		end += int(starts[row+1] - starts[row])
		offsets[i+1] = fits(end)
	}
	to := room[byte](m, end)
	// Neighbours are copied together.
	for i := 0; i < len(rows); {
		first, last := i, rows[i]
		for i++; i < len(rows) && rows[i] == last+1; i++ {
			last++
		}
		copyShort(to[offsets[first]:offsets[i]], a.values[starts[rows[first]]:starts[last+1]])
	}
	return offsets, to
}

// copyShort copies by words what is too short to be worth a call that copies; both have one length.
func copyShort(to, from []byte) {
	if len(to) > 32 {
		copy(to, from)
		return
	}
	for len(to) >= 8 {
		*(*[8]byte)(to) = *(*[8]byte)(from)
		to, from = to[8:], from[8:]
	}
	for i := range to {
		to[i] = from[i]
	}
}

// itemsOf answers where the items of rows of lists or maps end, and which items they are. A null has none, unless its list is
// of one length.
func itemsOf(m *memory, a *array, rows []uint32) ([]int32, []uint32) {
	var offsets []int32
	isFixed := a.column.kind == wire.FixedSizeList
	count := len(rows) * a.column.size
	if !isFixed {
		offsets = room[int32](m, len(rows)+1)
		offsets[0], count = 0, 0
		for i, row := range rows {
			if !a.IsNull(int(row)) {
				from, to := a.span(int(row))
				count += to - from
			}
			offsets[i+1] = fits(count)
		}
	}
	items := room[uint32](m, count)[:0]
	for _, row := range rows {
		if from, to := a.span(int(row)); isFixed || !a.IsNull(int(row)) {
			for ; from < to; from++ {
				items = append(items, uint32(from))
			}
		}
	}
	return offsets, items
}

// fits is an end as an offset: the contract's are 32 bits.
func fits(end int) int32 {
	if end > 1<<31-1 {
		panic(internal("more than 2 GiB of text, or 2^31 items, in one column of one output: return fewer rows at a time"))
	}
	return int32(end)
}
