package sandglass

import (
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

// Booleans is an array of true and false.
type Booleans struct{ *array }

func (b *Booleans) set(rows *array) { b.array = rows }

// Value is the row's value, of no meaning if the row is null.
func (b *Booleans) Value(row int) bool { return bit(b.values, b.from+row) }

// Get is the row's value, false and false if it is null.
func (b *Booleans) Get(row int) (value, ok bool) { return b.Value(row), !b.IsNull(row) }

// Strings is an array of text.
type Strings struct {
	*array
	ends []int32
}

func (s *Strings) set(rows *array) {
	s.array = rows
	s.ends = rows.offsets[rows.from : rows.from+rows.length+1]
}

// Value is the row's text, of no meaning if the row is null. It is the column's memory, not a copy: in the row and aligned scopes
// it is valid during the call, so clone with [strings.Clone] what is to live longer.
func (s *Strings) Value(row int) string {
	text := s.values[s.ends[row]:s.ends[row+1]]
	return unsafe.String(unsafe.SliceData(text), len(text))
}

// Get is the row's text, false if it is null.
func (s *Strings) Get(row int) (string, bool) { return s.Value(row), !s.IsNull(row) }

// Bytes is an array of bytes, of any length or of one.
type Bytes struct{ *array }

func (b *Bytes) set(rows *array) { b.array = rows }

// Value is the row's bytes, of no meaning if the row is null. It is the column's memory, not a copy.
func (b *Bytes) Value(row int) []byte {
	if b.column.kind == wire.FixedSizeBinary {
		at := (b.from + row) * b.column.size
		return b.values[at : at+b.column.size : at+b.column.size]
	}
	from, to := b.span(row)
	return b.values[from:to:to]
}

// Get is the row's bytes, false if it is null.
func (b *Bytes) Get(row int) ([]byte, bool) { return b.Value(row), !b.IsNull(row) }
