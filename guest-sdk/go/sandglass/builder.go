package sandglass

import (
	"unicode/utf8"
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

// Builder makes an array, one row after another. A row that does not fit its column fails the run.
type Builder struct {
	column *Column
	memory *memory
	// length is the rows so far; nulls of them are null.
	length, nulls int
	// room is how many rows there is memory for.
	room int
	// usualRows and usualBytes are what there is memory for at first.
	usualRows, usualBytes int
	validity              []byte
	// values has its full length where rows have a fixed number of bits, and what is used where they are texts.
	values   []byte
	offsets  []int32
	children []*Builder
	// wholes and floats are the values as what the fastest appends take, nil where there is more to do than to store one.
	wholes []int64
	floats []float64
	// isNull is set where the last row is a null that nothing may be appended to.
	isNull bool
}

const (
	roomMin = 64
	// usualMax bounds the memory that a builder begins with, whatever came before.
	usualMax = 1 << 14
)

// NewBuilder makes an array for a column, with memory for so many rows at first.
func NewBuilder(column Column, rows int) *Builder { return newBuilder(&column, nil, rows) }

func newBuilder(column *Column, m *memory, rows int) *Builder {
	b := &Builder{column: column, memory: m, usualRows: max(rows, roomMin), usualBytes: 8 * max(rows, roomMin)}
	for i := range column.children {
		b.children = append(b.children, newBuilder(&column.children[i], m, 0))
	}
	return b
}

// Len is the number of rows so far.
func (b *Builder) Len() int { return b.length }

// Array is what was appended since it was last asked for.
func (b *Builder) Array() *Untyped { return untyped(b.finish()) }

// grow makes memory for so many more rows.
func (b *Builder) grow(rows int) {
	b.room = max(2*b.room, b.length+rows, b.usualRows)
	switch {
	case b.column.kind == wire.Boolean:
		b.values = resized(b.memory, b.values, bitBytes(b.length), bitBytes(b.room), true)
	case b.hasOffsets():
		first := b.offsets == nil
		b.offsets = resized(b.memory, b.offsets, b.length+1, b.room+1, false)
		if first {
			b.offsets[0] = 0
		}
	default:
		width := b.column.width()
		b.values = resized(b.memory, b.values, b.length*width, b.room*width, false)
	}
	if b.validity != nil {
		b.validity = resized(b.memory, b.validity, bitBytes(b.length), bitBytes(b.room), true)
		return
	}
	switch b.column.kind {
	case wire.Int64, wire.Timestamp, wire.Duration:
		b.wholes = view[int64](b.values)
	case wire.Float64:
		b.floats = view[float64](b.values)
	}
}

// resized is longer, and holds what is used; what follows is zero if it is said.
func resized[T any](m *memory, from []T, used, length int, zero bool) []T {
	to := room[T](m, length)
	used = min(used, len(from))
	copy(to, from[:used])
	if zero && m != nil {
		clear(to[used:])
	}
	return to
}

func (b *Builder) hasOffsets() bool {
	switch b.column.kind {
	case wire.Utf8, wire.Binary, wire.List, wire.Map:
		return true
	}
	return false
}

// added ends a row that is not null.
func (b *Builder) added() {
	if b.validity != nil {
		setBit(b.validity, b.length)
	}
	b.length++
}

func (b *Builder) addedNull() {
	if b.validity == nil {
		b.validity = make0[byte](b.memory, bitBytes(max(b.room, roomMin)))
		setBits(b.validity, 0, b.length)
		b.wholes, b.floats = nil, nil
	}
	b.length++
	b.nulls++
}

func setBits(bytes []byte, from, length int) {
	end := from + length
	for ; from < end && from&7 != 0; from++ {
		setBit(bytes, from)
	}
	for ; from+8 <= end; from += 8 {
		bytes[from>>3] = 0xFF
	}
	for ; from < end; from++ {
		setBit(bytes, from)
	}
}

func put[T any](b *Builder, value T) {
	b.place()
	*(*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b.values)), b.length*int(unsafe.Sizeof(value)))) = value
	b.added()
}

// place makes sure that there is memory for a row.
func (b *Builder) place() {
	if b.length >= b.room {
		b.grow(1)
	}
}

// extend answers memory for so many more bytes of text.
func (b *Builder) extend(length int) []byte {
	used := len(b.values)
	if used+length > cap(b.values) {
		b.values = resized(b.memory, b.values, used, max(2*cap(b.values), used+length, b.usualBytes), false)
	}
	b.values = b.values[:used+length]
	return b.values[used:]
}

// AppendNull appends a null. What is below one, in fields and in the items of a list of one length, is null where it may be.
func (b *Builder) AppendNull() {
	if !b.column.nullable {
		panic(internal("column `%s` is null, the contract says that it never is", b.column.name))
	}
	b.close()
	b.zero()
	b.addedNull()
	b.isNull = isNested(b.column.kind)
}

// below appends what is below a null.
func (b *Builder) below() {
	if b.column.nullable {
		b.AppendNull()
		return
	}
	b.zero()
	b.added()
}

// zero makes the next row one of zeros.
func (b *Builder) zero() {
	b.place()
	switch b.column.kind {
	case wire.Boolean:
	case wire.Utf8, wire.Binary:
		b.offsets[b.length+1] = int32(len(b.values))
	case wire.List, wire.Map:
		b.offsets[b.length+1] = int32(b.children[0].length)
	case wire.FixedSizeList:
		for range b.column.size {
			b.children[0].below()
		}
	case wire.Struct:
		for _, field := range b.children {
			field.below()
		}
	default:
		width := b.column.width()
		clear(b.values[b.length*width : (b.length+1)*width])
	}
}

// finish answers the rows, and begins anew.
func (b *Builder) finish() array {
	b.close()
	if b.offsets == nil && b.hasOffsets() {
		b.offsets = make([]int32, 1)
	}
	a := array{column: b.column, length: b.length, nulls: b.nulls, memory: b.memory}
	if b.nulls > 0 {
		a.validity = b.validity[:bitBytes(b.length)]
	}
	switch {
	case b.column.kind == wire.Boolean:
		a.values = b.values[:bitBytes(b.length)]
	case b.hasOffsets():
		a.offsets, a.values = b.offsets[:b.length+1], b.values
	default:
		a.values = b.values[:b.length*b.column.width()]
	}
	for _, child := range b.children {
		a.children = append(a.children, child.finish())
	}
	if b.column.kind == wire.Utf8 {
		checkText(&a)
	}
	b.usualRows = min(max(b.usualRows, b.length), usualMax)
	b.usualBytes = min(max(b.usualBytes, len(a.values)), 8*usualMax)
	b.forget()
	return a
}

// forget drops all rows and their memory.
func (b *Builder) forget() {
	*b = Builder{
		column: b.column, memory: b.memory, children: b.children, usualRows: b.usualRows, usualBytes: b.usualBytes,
	}
	for _, child := range b.children {
		child.forget()
	}
}

func checkText(a *array) {
	valid := utf8.Valid(a.values)
	for row := 0; valid && row < a.length; row++ {
		from, to := a.span(row)
		valid = from == to || utf8.RuneStart(a.values[from])
	}
	for row := 0; !valid && row < a.length; row++ {
		if from, to := a.span(row); !utf8.Valid(a.values[from:to]) {
			panic(internal("column `%s` has text that is not UTF-8 in its row %d: use strings.ToValidUTF8, or the kind binary",
				a.column.name, row))
		}
	}
}
