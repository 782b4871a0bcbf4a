package sandglass

// Arrays of slices, which they become without a copy: do not change a slice afterwards. What has nulls is made by a [Builder].

var (
	int32Column     = Int32("item")
	int64Column     = Int64("item")
	float32Column   = Float32("item")
	float64Column   = Float64("item")
	date32Column    = Date32("item")
	timestampColumn = Timestamp("item")
	durationColumn  = Duration("item")
)

func arrayOfSlice[T Number](column *Column, values []T) *Values[T] {
	v := &Values[T]{}
	v.set(&array{column: column, length: len(values), values: asBytes(values)})
	return v
}

// Int32s is an array of 32-bit whole numbers.
func Int32s(values []int32) *Values[int32] { return arrayOfSlice(&int32Column, values) }

// Int64s is an array of 64-bit whole numbers.
func Int64s(values []int64) *Values[int64] { return arrayOfSlice(&int64Column, values) }

// Float32s is an array of 32-bit floats.
func Float32s(values []float32) *Values[float32] { return arrayOfSlice(&float32Column, values) }

// Float64s is an array of 64-bit floats.
func Float64s(values []float64) *Values[float64] { return arrayOfSlice(&float64Column, values) }

// Date32s is an array of days since 1970.
func Date32s(values []int32) *Values[int32] { return arrayOfSlice(&date32Column, values) }

// Timestamps is an array of times, in microseconds since 1970.
func Timestamps(values []int64) *Values[int64] { return arrayOfSlice(&timestampColumn, values) }

// Durations is an array of lengths of time, in microseconds.
func Durations(values []int64) *Values[int64] { return arrayOfSlice(&durationColumn, values) }

// Bools is an array of true and false; it copies.
func Bools(values []bool) *Booleans {
	b := NewBuilder(Boolean("item"), len(values))
	for _, value := range values {
		b.AppendBool(value)
	}
	return b.Array().Boolean()
}

// Texts is an array of text; it copies.
func Texts(values []string) *Strings {
	b := NewBuilder(Utf8("item"), len(values))
	for _, value := range values {
		b.AppendString(value)
	}
	return b.Array().Utf8()
}
