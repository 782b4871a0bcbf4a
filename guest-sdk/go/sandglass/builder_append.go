package sandglass

import (
	"math"

	"sandglass.dev/guest/internal/wire"
)

// AppendBool appends to a column of booleans.
func (b *Builder) AppendBool(value bool) {
	if b.column.kind != wire.Boolean {
		panic(b.misfit(value))
	}
	b.place()
	if value {
		setBit(b.values, b.length)
	}
	b.added()
}

// AppendInt64 appends to a column of any whole numbers that the value fits in, of times, lengths of time and dates; to one of
// decimals as the value without its point.
func (b *Builder) AppendInt64(value int64) {
	if b.length < len(b.wholes) {
		b.wholes[b.length] = value
		b.length++
		return
	}
	b.appendInt64(value)
}

func (b *Builder) appendInt64(value int64) {
	switch b.column.kind {
	case wire.Int64, wire.Timestamp, wire.Duration:
		put(b, value)
	case wire.Decimal128:
		put(b, NewDecimal(value))
	case wire.Int32, wire.Date32:
		putWhole[int32](b, value)
	case wire.Int16:
		putWhole[int16](b, value)
	case wire.Int8:
		putWhole[int8](b, value)
	case wire.Uint8:
		putWhole[uint8](b, value)
	case wire.Uint16:
		putWhole[uint16](b, value)
	case wire.Uint32:
		putWhole[uint32](b, value)
	case wire.Uint64:
		if value < 0 {
			panic(b.misfit(value))
		}
		put(b, uint64(value))
	default:
		panic(b.misfit(value))
	}
}

func putWhole[T int8 | int16 | int32 | uint8 | uint16 | uint32](b *Builder, value int64) {
	if int64(T(value)) != value {
		panic(b.misfit(value))
	}
	put(b, T(value))
}

// AppendUint64 is [Builder.AppendInt64] for values without sign.
func (b *Builder) AppendUint64(value uint64) {
	switch {
	case b.column.kind == wire.Uint64:
		put(b, value)
	case b.column.kind == wire.Decimal128:
		put(b, Decimal{Low: value})
	case value <= math.MaxInt64:
		b.AppendInt64(int64(value))
	default:
		panic(b.misfit(value))
	}
}

// AppendFloat64 appends to a column of 64-bit floats.
func (b *Builder) AppendFloat64(value float64) {
	if b.length < len(b.floats) {
		b.floats[b.length] = value
		b.length++
		return
	}
	b.appendFloat64(value)
}

func (b *Builder) appendFloat64(value float64) {
	if b.column.kind != wire.Float64 {
		panic(b.misfit(value))
	}
	put(b, value)
}

// AppendFloat32 appends to a column of floats.
func (b *Builder) AppendFloat32(value float32) {
	switch b.column.kind {
	case wire.Float32:
		put(b, value)
	case wire.Float64:
		put(b, float64(value))
	default:
		panic(b.misfit(value))
	}
}

// AppendDecimal appends to a column of decimals.
func (b *Builder) AppendDecimal(value Decimal) {
	if b.column.kind != wire.Decimal128 {
		panic(b.misfit(value))
	}
	put(b, value)
}

// AppendString appends to a column of text, which must be UTF-8.
func (b *Builder) AppendString(value string) {
	if b.column.kind != wire.Utf8 {
		panic(b.misfit(value))
	}
	b.place()
	copy(b.extend(len(value)), value)
	b.offsets[b.length+1] = fits(len(b.values))
	b.added()
}

// AppendBytes appends to a column of bytes, of any length or of one.
func (b *Builder) AppendBytes(value []byte) {
	switch b.column.kind {
	case wire.Binary:
		b.place()
		copy(b.extend(len(value)), value)
		b.offsets[b.length+1] = fits(len(b.values))
	case wire.FixedSizeBinary:
		if len(value) != b.column.size {
			panic(b.misfit(value))
		}
		b.place()
		copy(b.values[b.length*b.column.size:], value)
	default:
		panic(b.misfit(value))
	}
	b.added()
}

// Begin begins the next list, struct or map: what is appended to [Builder.Items], [Builder.Field], [Builder.Keys] and
// [Builder.Values] belongs to it.
func (b *Builder) Begin() {
	if !isNested(b.column.kind) {
		panic(internal("column `%s` is %s, which has nothing to begin", b.column.name, kindName(b.column)))
	}
	b.close()
	b.place()
	b.added()
	b.isNull = false
}

// Items is where the items of lists are appended.
func (b *Builder) Items() *Builder { return b.child(0, wire.List, wire.FixedSizeList) }

// Keys is where the keys of maps are appended.
func (b *Builder) Keys() *Builder { return b.child(0, wire.Map) }

// Values is where the values of maps are appended.
func (b *Builder) Values() *Builder { return b.child(1, wire.Map) }

func (b *Builder) child(place int, kinds ...wire.Kind) *Builder {
	for _, kind := range kinds {
		if b.column.kind == kind {
			return b.children[place]
		}
	}
	panic(internal("column `%s` is %s, not %s", b.column.name, kindName(b.column), kindNames[kinds[0]]))
}

// Field is where a field of structs is appended; it fails the run if there is none of that name.
func (b *Builder) Field(name string) *Builder {
	for i := range b.column.children {
		if b.column.children[i].name == name && b.column.kind == wire.Struct {
			return b.children[i]
		}
	}
	panic(internal("column `%s` is %s, which has no field `%s`", b.column.name, kindName(b.column), name))
}

// close ends the last list, struct or map, and looks whether it has what it asks for.
func (b *Builder) close() {
	wrong := func(have int, what string, want int) {
		panic(internal("column `%s`, %s: %d %s where there should be %d", b.column.name, kindName(b.column), have, what, want))
	}
	switch b.column.kind {
	case wire.List, wire.Map:
		items := b.children[0].length
		if b.column.kind == wire.Map && b.children[1].length != items {
			wrong(b.children[1].length, "values", items)
		}
		if b.length == 0 {
			if items > 0 {
				wrong(items, "items before the first Begin", 0)
			}
			return
		}
		if b.isNull && items != int(b.offsets[b.length]) {
			wrong(items-int(b.offsets[b.length]), "items of a null", 0)
		}
		b.offsets[b.length] = fits(items)
	case wire.FixedSizeList:
		if have := b.children[0].length; have != b.length*b.column.size {
			wrong(have, "items", b.length*b.column.size)
		}
	case wire.Struct:
		for _, field := range b.children {
			if field.length != b.length {
				wrong(field.length, "values of field `"+field.column.name+"`", b.length)
			}
		}
	}
}
