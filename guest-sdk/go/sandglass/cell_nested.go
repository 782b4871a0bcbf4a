package sandglass

import "sandglass.dev/guest/internal/wire"

// appendNested answers whether the cell is a list, a struct or a map for this column, and appends it.
func (b *Builder) appendNested(cell any) bool {
	switch b.column.kind {
	case wire.List, wire.FixedSizeList:
		return b.appendList(cell)
	case wire.Struct:
		return b.appendStruct(cell)
	case wire.Map:
		entries, ok := cell.([]Entry)
		if ok {
			b.Begin()
			for i := range entries {
				b.children[0].Append(entries[i].Key)
				b.children[1].Append(entries[i].Value)
			}
		}
		return ok
	}
	return false
}

func (b *Builder) appendList(cell any) bool {
	items := b.children[0]
	switch values := cell.(type) {
	case []any:
		b.Begin()
		for i := range values {
			items.Append(values[i])
		}
	case []bool:
		appendEach(b, values, (*Builder).AppendBool)
	case []int64:
		appendEach(b, values, (*Builder).AppendInt64)
	case []int:
		appendEach(b, values, func(items *Builder, value int) { items.AppendInt64(int64(value)) })
	case []int32:
		appendEach(b, values, func(items *Builder, value int32) { items.AppendInt64(int64(value)) })
	case []float64:
		appendEach(b, values, (*Builder).AppendFloat64)
	case []float32:
		appendEach(b, values, (*Builder).AppendFloat32)
	case []string:
		appendEach(b, values, (*Builder).AppendString)
	default:
		rows := arrayOf(cell)
		if rows == nil || !alike(rows.column, items.column) {
			return false
		}
		b.Begin()
		items.appendRange(rows, 0, rows.length)
	}
	b.close()
	return true
}

func appendEach[T any](b *Builder, values []T, appendOne func(*Builder, T)) {
	b.Begin()
	for _, value := range values {
		appendOne(b.children[0], value)
	}
}

func (b *Builder) appendStruct(cell any) bool {
	switch fields := cell.(type) {
	case map[string]any:
		if len(fields) != len(b.children) {
			return false
		}
		b.Begin()
		for _, field := range b.children {
			value, ok := fields[field.column.name]
			if !ok {
				panic(internal("column `%s`: a struct without its field `%s`", b.column.name, field.column.name))
			}
			field.Append(value)
		}
	case []any:
		if len(fields) != len(b.children) {
			return false
		}
		b.Begin()
		for i := range fields {
			b.children[i].Append(fields[i])
		}
	default:
		return false
	}
	return true
}
