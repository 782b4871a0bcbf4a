package sandglass

import "sandglass.dev/guest/internal/wire"

// encoder makes the contract's buffers of arrays, each exactly as long as its rows ask, without a copy where they begin at zero.
type encoder struct {
	memory *memory
	batch  wire.Batch
}

// reset begins with another batch, in the memory of the last.
func (e *encoder) reset(rows int) {
	clear(e.batch.Buffers)
	e.batch = wire.Batch{Rows: uint32(rows), Nodes: e.batch.Nodes[:0], Buffers: e.batch.Buffers[:0]}
}

func (e *encoder) add(buffer []byte) { e.batch.Buffers = append(e.batch.Buffers, buffer) }

// column adds the nodes and buffers of an array, as the contract has its column.
func (e *encoder) column(column *Column, a *array) {
	nulls := 0
	// A field without nulls may have some where its struct is null: what is there is not looked at, but there it is.
	if column.nullable {
		nulls = a.NullCount()
	}
	e.batch.Nodes = append(e.batch.Nodes, wire.Node{Length: uint32(a.length), NullCount: uint32(nulls)})
	if nulls > 0 {
		e.add(e.bits(a.validity, a.from, a.length))
	} else {
		e.add(nil)
	}
	switch column.kind {
	case wire.Boolean:
		e.add(e.bits(a.values, a.from, a.length))
	case wire.Utf8, wire.Binary:
		first, last := a.extent()
		e.add(e.offsets(a, first))
		e.add(a.values[first:last])
	case wire.List, wire.Map:
		first, _ := a.extent()
		e.add(e.offsets(a, first))
		e.children(column, a)
	case wire.FixedSizeList, wire.Struct:
		e.children(column, a)
	default:
		width := column.width()
		e.add(a.values[a.from*width : (a.from+a.length)*width])
	}
}

func (e *encoder) children(column *Column, a *array) {
	for i := range column.children {
		child := a.below(i)
		e.column(&column.children[i], &child)
	}
}

// bits begin at zero, and those beyond the rows are zero.
func (e *encoder) bits(bytes []byte, from, length int) []byte {
	whole := bitBytes(length)
	if rest := length & 7; from == 0 && (rest == 0 || bytes[whole-1]>>rest == 0) {
		return bytes[:whole]
	}
	return bitsFrom(e.memory, bytes, from, length)
}

var zeroOffset = []int32{0}

func (e *encoder) offsets(a *array, first int) []byte {
	if a.length == 0 {
		return asBytes(zeroOffset)
	}
	offsets := a.offsets[a.from : a.from+a.length+1]
	if first != 0 {
		rebased := room[int32](e.memory, len(offsets))
		for i, offset := range offsets {
			rebased[i] = offset - int32(first)
		}
		offsets = rebased
	}
	return asBytes(offsets)
}
