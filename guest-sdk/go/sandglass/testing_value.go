//go:build !wasip1

package sandglass

import "sandglass.dev/guest/internal/wire"

// valueOf is a row as a Go value.
func valueOf(a *array, row int) any {
	if a.IsNull(row) {
		return nil
	}
	u := untyped(*a)
	switch a.column.kind {
	case wire.Boolean:
		return u.Boolean().Value(row)
	case wire.Int8:
		return u.Int8().Value(row)
	case wire.Int16:
		return u.Int16().Value(row)
	case wire.Int32:
		return u.Int32().Value(row)
	case wire.Int64:
		return u.Int64().Value(row)
	case wire.Uint8:
		return u.Uint8().Value(row)
	case wire.Uint16:
		return u.Uint16().Value(row)
	case wire.Uint32:
		return u.Uint32().Value(row)
	case wire.Uint64:
		return u.Uint64().Value(row)
	case wire.Float32:
		return u.Float32().Value(row)
	case wire.Float64:
		return u.Float64().Value(row)
	case wire.Decimal128:
		return u.Decimal128().Value(row)
	case wire.Utf8:
		return u.Utf8().Value(row)
	case wire.Binary:
		return u.Binary().Value(row)
	case wire.FixedSizeBinary:
		return u.FixedSizeBinary().Value(row)
	case wire.Date32:
		return u.Date32().Value(row)
	case wire.Timestamp:
		return u.Timestamp().Value(row)
	case wire.Duration:
		return u.Duration().Value(row)
	case wire.Struct:
		fields := map[string]any{}
		for i := range a.children {
			field := a.field(i)
			fields[field.column.name] = valueOf(&field, row)
		}
		return fields
	}
	from, to := a.span(row)
	if a.column.kind == wire.Map {
		entries := []Entry{}
		for ; from < to; from++ {
			entries = append(entries, Entry{valueOf(&a.children[0], from), valueOf(&a.children[1], from)})
		}
		return entries
	}
	items := []any{}
	for ; from < to; from++ {
		items = append(items, valueOf(&a.children[0], from))
	}
	return items
}
