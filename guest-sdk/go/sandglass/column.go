package sandglass

import (
	"slices"

	"sandglass.dev/guest/internal/wire"
)

// Column declares a column of an input or an output: a name and a kind, as [Int64] and its like make them. It is not nullable
// unless it is said.
type Column struct {
	name     string
	kind     wire.Kind
	nullable bool
	// precision and scale are a decimal's.
	precision uint8
	scale     int8
	// size is the width of fixed-size-binary, or the elements of a fixed-size-list.
	size     int
	children []Column
}

// Columns declares the columns of an input or an output, in order.
type Columns []Column

// Name is the column's name.
func (c Column) Name() string { return c.name }

// Kind is the column's kind in the contract's words, such as `int64` or `list of utf8`.
func (c Column) Kind() string { return kindName(&c) }

// Nullable says that the column may hold nulls.
func (c Column) Nullable() Column {
	c.nullable = true
	return c
}

func (c Column) notNullable() Column {
	c.nullable = false
	return c
}

func (c Column) named(name string) Column {
	c.name = name
	return c
}

func plain(name string, kind wire.Kind) Column { return Column{name: name, kind: kind} }

// Boolean is a column of true and false.
func Boolean(name string) Column { return plain(name, wire.Boolean) }

// Int8 is a column of 8-bit whole numbers.
func Int8(name string) Column { return plain(name, wire.Int8) }

// Int16 is a column of 16-bit whole numbers.
func Int16(name string) Column { return plain(name, wire.Int16) }

// Int32 is a column of 32-bit whole numbers.
func Int32(name string) Column { return plain(name, wire.Int32) }

// Int64 is a column of 64-bit whole numbers.
func Int64(name string) Column { return plain(name, wire.Int64) }

// Uint8 is a column of 8-bit whole numbers without sign; the offline store keeps them as int16.
func Uint8(name string) Column { return plain(name, wire.Uint8) }

// Uint16 is a column of 16-bit whole numbers without sign; the offline store keeps them as int32.
func Uint16(name string) Column { return plain(name, wire.Uint16) }

// Uint32 is a column of 32-bit whole numbers without sign; the offline store keeps them as int64.
func Uint32(name string) Column { return plain(name, wire.Uint32) }

// Uint64 is a column of 64-bit whole numbers without sign; views take it as an input only.
func Uint64(name string) Column { return plain(name, wire.Uint64) }

// Float32 is a column of 32-bit floats.
func Float32(name string) Column { return plain(name, wire.Float32) }

// Float64 is a column of 64-bit floats.
func Float64(name string) Column { return plain(name, wire.Float64) }

// Decimal128 is a column of decimals of up to 38 digits, scale of them behind the point.
func Decimal128(name string, precision uint8, scale int8) Column {
	return Column{name: name, kind: wire.Decimal128, precision: precision, scale: scale}
}

// Utf8 is a column of text.
func Utf8(name string) Column { return plain(name, wire.Utf8) }

// Binary is a column of bytes.
func Binary(name string) Column { return plain(name, wire.Binary) }

// FixedSizeBinary is a column of so many bytes each.
func FixedSizeBinary(name string, width int) Column {
	return Column{name: name, kind: wire.FixedSizeBinary, size: width}
}

// Date32 is a column of days since 1970-01-01.
func Date32(name string) Column { return plain(name, wire.Date32) }

// Timestamp is a column of times, in microseconds since 1970-01-01T00:00:00Z.
func Timestamp(name string) Column { return plain(name, wire.Timestamp) }

// Duration is a column of lengths of time, in microseconds; views take it as an input only.
func Duration(name string) Column { return plain(name, wire.Duration) }

// List is a column of lists of item.
func List(name string, item Column) Column {
	return Column{name: name, kind: wire.List, children: []Column{item}}
}

// FixedSizeList is a column of lists of so many items each; views take it as an input only.
func FixedSizeList(name string, item Column, size int) Column {
	return Column{name: name, kind: wire.FixedSizeList, size: size, children: []Column{item}}
}

// Struct is a column of structs of these fields.
func Struct(name string, fields ...Column) Column {
	return Column{name: name, kind: wire.Struct, children: slices.Clone(fields)}
}

// Map is a column of maps. Keys are never null; the names of both columns are `keys` and `values`.
func Map(name string, keys, values Column) Column {
	return Column{name: name, kind: wire.Map, children: []Column{
		keys.named("keys").notNullable(), values.named("values"),
	}}
}
