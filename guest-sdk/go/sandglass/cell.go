package sandglass

import (
	"reflect"
	"strconv"
	"time"

	"sandglass.dev/guest/internal/wire"
)

// Cell is a row of an array as a cell of an output's row, with all that is below it, or null.
type Cell struct {
	array *array
	row   int
}

// Entry is an entry of a map, as a cell of an output's row.
type Entry struct{ Key, Value any }

// Maybe is a value as a cell of an output's row if there is one, and null otherwise.
func Maybe[T any](value T, ok bool) any {
	if ok {
		return value
	}
	return nil
}

// Append appends a cell of any kind:
//
//   - nil is null, as is a nil pointer to a bool, an int64, a float64, a string or a time;
//   - bool, string and []byte;
//   - whole numbers of every Go type, where they fit; for times, lengths of time and dates they are microseconds and days;
//   - float64 and float32; floats take no whole numbers, so write 0.0 instead of 0;
//   - [Decimal]; [time.Time] and [time.Duration], of which what is below a microsecond is cut off;
//   - a [Cell] of an array of this kind, and a [Key];
//   - for a list a []any of its items, or a slice of bool, int, int32, int64, float32, float64 or string, or an array of its items;
//   - for a struct a map[string]any of its fields, all of them, or a []any in their order;
//   - for a map a slice of [Entry].
func (b *Builder) Append(cell any) {
	switch value := cell.(type) {
	case nil:
		b.AppendNull()
	case bool:
		b.AppendBool(value)
	case int64:
		b.AppendInt64(value)
	case float64:
		b.AppendFloat64(value)
	case string:
		b.AppendString(value)
	case int:
		b.AppendInt64(int64(value))
	case Cell:
		b.appendCell(value)
	case Key:
		b.appendKey(value)
	case []byte:
		b.AppendBytes(value)
	case int32:
		b.AppendInt64(int64(value))
	case int16:
		b.AppendInt64(int64(value))
	case int8:
		b.AppendInt64(int64(value))
	case uint:
		b.AppendUint64(uint64(value))
	case uint8:
		b.AppendUint64(uint64(value))
	case uint16:
		b.AppendUint64(uint64(value))
	case uint32:
		b.AppendUint64(uint64(value))
	case uint64:
		b.AppendUint64(value)
	case float32:
		b.AppendFloat32(value)
	case Decimal:
		b.AppendDecimal(value)
	case time.Time:
		b.appendTime(value)
	case time.Duration:
		if b.column.kind != wire.Duration {
			panic(b.misfit(value))
		}
		put(b, value.Microseconds())
	default:
		if !b.appendPointer(cell) && !b.appendNested(cell) {
			panic(b.misfit(cell))
		}
	}
}

func (b *Builder) appendTime(value time.Time) {
	switch b.column.kind {
	case wire.Timestamp:
		put(b, value.UnixMicro())
	case wire.Date32:
		seconds := value.Unix()
		days := seconds / 86_400
		if seconds%86_400 < 0 {
			days--
		}
		b.AppendInt64(days)
	default:
		panic(b.misfit(value))
	}
}

// appendPointer answers whether the cell is a pointer, and appends what it points to.
func (b *Builder) appendPointer(cell any) bool {
	switch value := cell.(type) {
	case *bool:
		if value != nil {
			b.AppendBool(*value)
			return true
		}
	case *int64:
		if value != nil {
			b.AppendInt64(*value)
			return true
		}
	case *float64:
		if value != nil {
			b.AppendFloat64(*value)
			return true
		}
	case *string:
		if value != nil {
			b.AppendString(*value)
			return true
		}
	case *time.Time:
		if value != nil {
			b.appendTime(*value)
			return true
		}
	default:
		return false
	}
	b.AppendNull()
	return true
}

// arrayOf is the rows of an array, nil of anything else. It names the types so that no cell escapes to the heap.
func arrayOf(cell any) *array {
	switch value := cell.(type) {
	case *Untyped:
		return &value.array
	case *Booleans:
		return value.array
	case *Values[int8]:
		return value.array
	case *Values[int16]:
		return value.array
	case *Values[int32]:
		return value.array
	case *Values[int64]:
		return value.array
	case *Values[uint8]:
		return value.array
	case *Values[uint16]:
		return value.array
	case *Values[uint32]:
		return value.array
	case *Values[uint64]:
		return value.array
	case *Values[float32]:
		return value.array
	case *Values[float64]:
		return value.array
	case *Decimals:
		return value.array
	case *Strings:
		return value.array
	case *Bytes:
		return value.array
	case *Lists:
		return value.array
	case *Structs:
		return value.array
	case *Maps:
		return value.array
	}
	return nil
}

func (b *Builder) misfit(cell any) *Error {
	return internal("column `%s` is %s, which %s is not", b.column.name, kindName(b.column), describe(cell))
}

// describe is a cell in words. It hands the cell itself to nobody, so that cells stay on the stack of whoever emits them.
func describe(cell any) string {
	switch value := cell.(type) {
	case bool:
		return strconv.FormatBool(value)
	case int:
		return "the int " + strconv.Itoa(value)
	case int64:
		return "the int64 " + strconv.FormatInt(value, 10)
	case uint64:
		return "the uint64 " + strconv.FormatUint(value, 10)
	case float64:
		return "the float64 " + strconv.FormatFloat(value, 'g', -1, 64)
	case float32:
		return "the float32 " + strconv.FormatFloat(float64(value), 'g', -1, 32)
	case string:
		return "text"
	case []byte:
		return strconv.Itoa(len(value)) + " bytes"
	case Cell:
		return "a cell of " + kindName(value.array.column)
	}
	if rows := arrayOf(cell); rows != nil {
		return "an array of " + kindName(rows.column)
	}
	return "a " + reflect.TypeOf(cell).String()
}
