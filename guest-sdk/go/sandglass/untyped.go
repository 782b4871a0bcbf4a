package sandglass

import "sandglass.dev/guest/internal/wire"

// Untyped is an array whose kind is not looked at yet. [Untyped.Int64] and its like answer the array of a kind, and fail the run
// if it is of another. Asking twice answers the same array.
type Untyped struct {
	array
	// typed is the array of its kind, stale if the rows have changed since.
	typed typed
	stale bool
	// isMade is set where the array is there, and need not be found in what the batch is a part of.
	isMade bool
}

type typed interface {
	Array
	// set makes it a view of these rows.
	set(rows *array)
}

func untyped(rows array) *Untyped { return &Untyped{array: rows} }

// is answers the array of a kind, if that is what it is.
func is[V any, P interface {
	*V
	typed
}](u *Untyped, kind wire.Kind) P {
	if u.column.kind != kind {
		panic(internal("column `%s` is %s, not %s", u.column.name, u.Kind(), kindNames[kind]))
	}
	found, ok := u.typed.(P)
	if !ok {
		found = P(new(V))
		u.typed, u.stale = found, true
	}
	if u.stale {
		found.set(&u.array)
		u.stale = false
	}
	return found
}

// Boolean is the array as one of true and false.
func (u *Untyped) Boolean() *Booleans { return is[Booleans](u, wire.Boolean) }

// Int8 is the array as one of 8-bit whole numbers.
func (u *Untyped) Int8() *Values[int8] { return is[Values[int8]](u, wire.Int8) }

// Int16 is the array as one of 16-bit whole numbers.
func (u *Untyped) Int16() *Values[int16] { return is[Values[int16]](u, wire.Int16) }

// Int32 is the array as one of 32-bit whole numbers.
func (u *Untyped) Int32() *Values[int32] { return is[Values[int32]](u, wire.Int32) }

// Int64 is the array as one of 64-bit whole numbers.
func (u *Untyped) Int64() *Values[int64] { return is[Values[int64]](u, wire.Int64) }

// Uint8 is the array as one of 8-bit whole numbers without sign.
func (u *Untyped) Uint8() *Values[uint8] { return is[Values[uint8]](u, wire.Uint8) }

// Uint16 is the array as one of 16-bit whole numbers without sign.
func (u *Untyped) Uint16() *Values[uint16] { return is[Values[uint16]](u, wire.Uint16) }

// Uint32 is the array as one of 32-bit whole numbers without sign.
func (u *Untyped) Uint32() *Values[uint32] { return is[Values[uint32]](u, wire.Uint32) }

// Uint64 is the array as one of 64-bit whole numbers without sign.
func (u *Untyped) Uint64() *Values[uint64] { return is[Values[uint64]](u, wire.Uint64) }

// Float32 is the array as one of 32-bit floats.
func (u *Untyped) Float32() *Values[float32] { return is[Values[float32]](u, wire.Float32) }

// Float64 is the array as one of 64-bit floats.
func (u *Untyped) Float64() *Values[float64] { return is[Values[float64]](u, wire.Float64) }

// Decimal128 is the array as one of decimals.
func (u *Untyped) Decimal128() *Decimals { return is[Decimals](u, wire.Decimal128) }

// Utf8 is the array as one of text.
func (u *Untyped) Utf8() *Strings { return is[Strings](u, wire.Utf8) }

// Binary is the array as one of bytes.
func (u *Untyped) Binary() *Bytes { return is[Bytes](u, wire.Binary) }

// FixedSizeBinary is the array as one of bytes of one length.
func (u *Untyped) FixedSizeBinary() *Bytes { return is[Bytes](u, wire.FixedSizeBinary) }

// Date32 is the array as one of days since 1970.
func (u *Untyped) Date32() *Values[int32] { return is[Values[int32]](u, wire.Date32) }

// Timestamp is the array as one of times, in microseconds since 1970, UTC.
func (u *Untyped) Timestamp() *Values[int64] { return is[Values[int64]](u, wire.Timestamp) }

// Duration is the array as one of lengths of time, in microseconds.
func (u *Untyped) Duration() *Values[int64] { return is[Values[int64]](u, wire.Duration) }

// List is the array as one of lists.
func (u *Untyped) List() *Lists { return is[Lists](u, wire.List) }

// FixedSizeList is the array as one of lists of one length.
func (u *Untyped) FixedSizeList() *Lists { return is[Lists](u, wire.FixedSizeList) }

// Struct is the array as one of structs.
func (u *Untyped) Struct() *Structs { return is[Structs](u, wire.Struct) }

// Map is the array as one of maps.
func (u *Untyped) Map() *Maps { return is[Maps](u, wire.Map) }
