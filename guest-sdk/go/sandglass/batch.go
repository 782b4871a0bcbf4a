package sandglass

// Batch is rows of an input. Columns are found by name and kind; nothing is copied. A missing column, or one of another kind,
// fails the run and says what is there.
//
// In the row and aligned scopes a batch, its arrays and what [Batch.Take] and [Batch.Filter] make of it are valid during the call
// that is given it; their memory is used again. A [Run] and the other scopes may keep theirs.
type Batch struct {
	schema  *schema
	rows    int
	columns []Untyped
	// Columns are made when they are asked for: by taking the rows that are picked from another batch, or as a part of arrays,
	// from a row on.
	picked []uint32
	from   *Batch
	parts  []array
	start  int
	memory *memory
}

// Len is the number of rows.
func (b *Batch) Len() int { return b.rows }

// Column is the column of that name, of whatever kind.
func (b *Batch) Column(name string) *Untyped {
	place := b.schema.place(name)
	if place < 0 {
		panic(internal("no column `%s`; there are %s", name, b.schema.names()))
	}
	return b.at(place)
}

func (b *Batch) at(place int) *Untyped {
	column := &b.columns[place]
	if !column.isMade {
		if b.from != nil {
			column.array = take(b.memory, &b.from.at(place).array, b.picked)
		} else {
			column.array = b.parts[place].slice(b.start, b.rows)
		}
		column.isMade, column.stale = true, true
	}
	return column
}

func newBatch(schema *schema, rows int, arrays []array, m *memory) *Batch {
	b := &Batch{schema: schema, columns: make([]Untyped, len(schema.columns)), memory: m}
	b.set(rows, 0, arrays)
	return b
}

// set makes it so many rows of these columns, from one on.
func (b *Batch) set(rows, from int, arrays []array) {
	b.rows, b.start, b.parts = rows, from, arrays
	for i := range b.columns {
		b.columns[i].isMade = false
	}
}

func (b *Batch) arrays() []array {
	arrays := make([]array, len(b.columns))
	for i := range arrays {
		arrays[i] = b.at(i).array
	}
	return arrays
}

// Slice is so many rows from one on, without a copy.
func (b *Batch) Slice(from, length int) *Batch {
	if from < 0 || length < 0 || from+length > b.rows {
		panic(internal("rows %d to %d of a batch of %d", from, from+length, b.rows))
	}
	part := &Batch{schema: b.schema, columns: make([]Untyped, len(b.columns)), memory: b.memory}
	part.set(length, from, b.arrays())
	return part
}

// Boolean is a column of true and false.
func (b *Batch) Boolean(name string) *Booleans { return b.Column(name).Boolean() }

// Int8 is a column of 8-bit whole numbers.
func (b *Batch) Int8(name string) *Values[int8] { return b.Column(name).Int8() }

// Int16 is a column of 16-bit whole numbers.
func (b *Batch) Int16(name string) *Values[int16] { return b.Column(name).Int16() }

// Int32 is a column of 32-bit whole numbers.
func (b *Batch) Int32(name string) *Values[int32] { return b.Column(name).Int32() }

// Int64 is a column of 64-bit whole numbers.
func (b *Batch) Int64(name string) *Values[int64] { return b.Column(name).Int64() }

// Uint8 is a column of 8-bit whole numbers without sign.
func (b *Batch) Uint8(name string) *Values[uint8] { return b.Column(name).Uint8() }

// Uint16 is a column of 16-bit whole numbers without sign.
func (b *Batch) Uint16(name string) *Values[uint16] { return b.Column(name).Uint16() }

// Uint32 is a column of 32-bit whole numbers without sign.
func (b *Batch) Uint32(name string) *Values[uint32] { return b.Column(name).Uint32() }

// Uint64 is a column of 64-bit whole numbers without sign.
func (b *Batch) Uint64(name string) *Values[uint64] { return b.Column(name).Uint64() }

// Float32 is a column of 32-bit floats.
func (b *Batch) Float32(name string) *Values[float32] { return b.Column(name).Float32() }

// Float64 is a column of 64-bit floats.
func (b *Batch) Float64(name string) *Values[float64] { return b.Column(name).Float64() }

// Decimal128 is a column of decimals.
func (b *Batch) Decimal128(name string) *Decimals { return b.Column(name).Decimal128() }

// Utf8 is a column of text.
func (b *Batch) Utf8(name string) *Strings { return b.Column(name).Utf8() }

// Binary is a column of bytes.
func (b *Batch) Binary(name string) *Bytes { return b.Column(name).Binary() }

// FixedSizeBinary is a column of bytes of one length.
func (b *Batch) FixedSizeBinary(name string) *Bytes { return b.Column(name).FixedSizeBinary() }

// Date32 is a column of days since 1970.
func (b *Batch) Date32(name string) *Values[int32] { return b.Column(name).Date32() }

// Timestamp is a column of times, in microseconds since 1970, UTC.
func (b *Batch) Timestamp(name string) *Values[int64] { return b.Column(name).Timestamp() }

// Duration is a column of lengths of time, in microseconds.
func (b *Batch) Duration(name string) *Values[int64] { return b.Column(name).Duration() }

// List is a column of lists.
func (b *Batch) List(name string) *Lists { return b.Column(name).List() }

// FixedSizeList is a column of lists of one length.
func (b *Batch) FixedSizeList(name string) *Lists { return b.Column(name).FixedSizeList() }

// Struct is a column of structs.
func (b *Batch) Struct(name string) *Structs { return b.Column(name).Struct() }

// Map is a column of maps.
func (b *Batch) Map(name string) *Maps { return b.Column(name).Map() }
