package sandglass

import (
	"cmp"
	"strings"

	"sandglass.dev/guest/internal/wire"
)

// Key is a part of the key of a [Group]: the value of a key column. It is a cell, too: Emit takes it as it is.
type Key struct {
	kind   wire.Kind
	number int64
	text   string
}

func (k Key) of(kind wire.Kind) Key {
	if k.kind != kind {
		panic(internal("the key is %s, not %s", kindNames[k.kind], kindNames[kind]))
	}
	return k
}

// Boolean is the value of a boolean column. As the others below, it fails the run if the column is of another kind.
func (k Key) Boolean() bool { return k.of(wire.Boolean).number != 0 }

// Int64 is the value of an int64 column.
func (k Key) Int64() int64 { return k.of(wire.Int64).number }

// Date32 is the value of a date32 column, in days since 1970.
func (k Key) Date32() int32 { return int32(k.of(wire.Date32).number) }

// Timestamp is the value of a timestamp column, in microseconds since 1970.
func (k Key) Timestamp() int64 { return k.of(wire.Timestamp).number }

// Utf8 is the value of a utf8 column.
func (k Key) Utf8() string { return k.of(wire.Utf8).text }

func (k Key) compare(other Key) int {
	if k.kind == wire.Utf8 {
		return strings.Compare(k.text, other.text)
	}
	return cmp.Compare(k.number, other.number)
}

func (b *Builder) appendKey(key Key) {
	switch key.kind {
	case wire.Boolean:
		b.AppendBool(key.number != 0)
	case wire.Utf8:
		b.AppendString(key.text)
	default:
		b.AppendInt64(key.number)
	}
}

// keyColumn is a key column of a batch.
type keyColumn struct {
	kind     wire.Kind
	booleans *Booleans
	days     []int32
	numbers  []int64
	texts    *Strings
}

func newKeyColumn(column *Untyped) (keyColumn, error) {
	k := keyColumn{kind: column.column.kind}
	if column.NullCount() > 0 {
		return k, &Error{Kind: InputFailure, Message: "key `" + column.column.name + "` is null"}
	}
	switch k.kind {
	case wire.Boolean:
		k.booleans = column.Boolean()
	case wire.Int64:
		k.numbers = column.Int64().Values()
	case wire.Timestamp:
		k.numbers = column.Timestamp().Values()
	case wire.Date32:
		k.days = column.Date32().Values()
	case wire.Utf8:
		k.texts = column.Utf8()
	default:
		return k, internal("column `%s` is %s, which cannot be a key", column.column.name, column.Kind())
	}
	return k, nil
}

func (k *keyColumn) key(row int) Key {
	switch k.kind {
	case wire.Boolean:
		return Key{kind: k.kind, number: int64(one(k.booleans.Value(row)))}
	case wire.Date32:
		return Key{kind: k.kind, number: int64(k.days[row])}
	case wire.Utf8:
		return Key{kind: k.kind, text: k.texts.Value(row)}
	}
	return Key{kind: k.kind, number: k.numbers[row]}
}

// changes sets the rows whose value is another than that of the row before.
func (k *keyColumn) changes(rows []bool) {
	for row := 1; row < len(rows); row++ {
		switch k.kind {
		case wire.Boolean:
			rows[row] = rows[row] || k.booleans.Value(row) != k.booleans.Value(row-1)
		case wire.Date32:
			rows[row] = rows[row] || k.days[row] != k.days[row-1]
		case wire.Utf8:
			rows[row] = rows[row] || k.texts.Value(row) != k.texts.Value(row-1)
		default:
			rows[row] = rows[row] || k.numbers[row] != k.numbers[row-1]
		}
	}
}
