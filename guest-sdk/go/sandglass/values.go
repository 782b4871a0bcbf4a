package sandglass

// Number is a type whose array is a slice of it.
type Number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Values is an array of numbers; of times and lengths of time microseconds, of dates days since 1970.
type Values[T Number] struct {
	*array
	numbers []T
}

func (v *Values[T]) set(rows *array) {
	v.array = rows
	v.numbers = view[T](rows.values)[rows.from : rows.from+rows.length]
}

// Value is the row's value, of no meaning if the row is null.
func (v *Values[T]) Value(row int) T { return v.numbers[row] }

// Get is the row's value, false if it is null.
func (v *Values[T]) Get(row int) (T, bool) { return v.numbers[row], !v.IsNull(row) }

// Values is all of them, those of nulls of no meaning. It is the column's memory, not a copy.
func (v *Values[T]) Values() []T { return v.numbers }
