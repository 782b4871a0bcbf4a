package sandglass

import (
	"math/bits"
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

// Array is the values of a column, one for each row; a null has a value of no meaning. [Values], [Booleans], [Strings], [Bytes],
// [Decimals], [Lists], [Structs], [Maps] and [Untyped] are arrays.
type Array interface {
	// Len is the number of rows.
	Len() int
	// Kind is the kind in the contract's words, such as `int64` or `list of utf8`.
	Kind() string
	// NullCount is the number of rows that are null.
	NullCount() int
	// IsNull tells whether the row is null.
	IsNull(row int) bool
	// Cell is the row as a cell of an output's row, null if it is.
	Cell(row int) Cell

	raw() *array
}

// array is rows of a column in the Arrow layout, maybe some of many: row 0 is where `from` says in the buffers and below.
type array struct {
	column       *Column
	length, from int
	// nulls is -1 until they are counted.
	nulls int
	// validity has a bit for each row, and is nil if there are no nulls.
	validity []byte
	// values are numbers, bits of booleans, or the bytes of all texts.
	values []byte
	// offsets say where texts, lists and maps begin and end.
	offsets []int32
	// children are items, fields, or keys and values. Rows of a struct are rows of its fields.
	children []array
	// memory is where what is made of the rows may lie, nil for the collector's.
	memory *memory
}

func (a *array) raw() *array { return a }

func (a *array) Len() int { return a.length }

func (a *array) Kind() string { return kindName(a.column) }

func (a *array) IsNull(row int) bool {
	return a.validity != nil && a.validity[(a.from+row)>>3]>>((a.from+row)&7)&1 == 0
}

func (a *array) NullCount() int {
	if a.nulls < 0 {
		a.nulls = a.length - ones(a.validity, a.from, a.length)
	}
	return a.nulls
}

func (a *array) Cell(row int) Cell {
	if row < 0 || row >= a.length {
		panic(internal("row %d of %d", row, a.length))
	}
	return Cell{a, row}
}

// slice is some of the rows, without a copy.
func (a *array) slice(from, length int) array {
	part := *a
	part.from, part.length = a.from+from, length
	if length != a.length && a.validity != nil {
		part.nulls = -1
	}
	return part
}

// field is a child of a struct, its rows those of the struct.
func (a *array) field(place int) array { return a.children[place].slice(a.from, a.length) }

// span is where the items of a row begin and end in the children; of texts, their bytes.
func (a *array) span(row int) (int, int) {
	if a.column.kind == wire.FixedSizeList {
		return (a.from + row) * a.column.size, (a.from + row + 1) * a.column.size
	}
	return int(a.offsets[a.from+row]), int(a.offsets[a.from+row+1])
}

// extent is where the items of all rows begin and end.
func (a *array) extent() (int, int) {
	if a.column.kind == wire.FixedSizeList {
		return a.from * a.column.size, (a.from + a.length) * a.column.size
	}
	if len(a.offsets) == 0 {
		return 0, 0
	}
	return int(a.offsets[a.from]), int(a.offsets[a.from+a.length])
}

// view sees bytes as values, without a copy. Buffers begin on a boundary of eight bytes wherever this package makes them.
func view[T any](bytes []byte) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(bytes))), len(bytes)/int(unsafe.Sizeof(*new(T))))
}

// asBytes sees values as bytes, without a copy.
func asBytes[T any](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(*new(T))))
}

func bit(bytes []byte, place int) bool { return bytes[place>>3]>>(place&7)&1 == 1 }

func setBit(bytes []byte, place int) { bytes[place>>3] |= 1 << (place & 7) }

func bitBytes(bits int) int { return (bits + 7) >> 3 }

// ones counts the bits that are set; no bytes are all set.
func ones(bytes []byte, from, length int) int {
	if bytes == nil {
		return length
	}
	count, end := 0, from+length
	for ; from < end && from&7 != 0; from++ {
		if bit(bytes, from) {
			count++
		}
	}
	for ; from+8 <= end; from += 8 {
		count += bits.OnesCount8(bytes[from>>3])
	}
	for ; from < end; from++ {
		if bit(bytes, from) {
			count++
		}
	}
	return count
}

// bitsFrom copies bits to where they begin at zero; those beyond are zero.
func bitsFrom(m *memory, bytes []byte, from, length int) []byte {
	to := make0[byte](m, bitBytes(length))
	shift := from & 7
	bytes = bytes[from>>3:]
	for i := range to {
		b := bytes[i] >> shift
		if shift > 0 && i+1 < len(bytes) {
			b |= bytes[i+1] << (8 - shift)
		}
		to[i] = b
	}
	if rest := length & 7; rest != 0 {
		to[len(to)-1] &= 1<<rest - 1
	}
	return to
}
