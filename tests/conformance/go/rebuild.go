package main

import "sandglass.dev/guest/sandglass"

// rebuild reads every value as one of Go's, and writes it with a builder.
var rebuild = sandglass.Aligned{
	Name:   "rebuild",
	Input:  rows(),
	Output: kinds(),
	Batch: func(_ *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
		var columns []sandglass.Array
		for _, column := range kinds() {
			rows, to := batch.Column(column.Name()), sandglass.NewBuilder(column, batch.Len())
			each(rows, to, 0, batch.Len(), writer(column.Name(), rows, to))
			columns = append(columns, to.Array())
		}
		return sandglass.ColumnsOf(columns...), nil
	},
}

func each(rows *sandglass.Untyped, to *sandglass.Builder, from, end int, write func(row int)) {
	for row := from; row < end; row++ {
		if rows.IsNull(row) {
			to.AppendNull()
		} else {
			write(row)
		}
	}
}

// writer appends one row that is not null.
func writer(name string, rows *sandglass.Untyped, to *sandglass.Builder) func(row int) {
	switch name {
	case "a_boolean", "flag":
		values := rows.Boolean()
		return func(row int) { to.AppendBool(values.Value(row)) }
	case "a_decimal":
		values := rows.Decimal128()
		return func(row int) {
			value, _ := sandglass.DecimalOf(values.Value(row).Big())
			to.AppendDecimal(value)
		}
	case "a_utf8", "text":
		values := rows.Utf8()
		return func(row int) { to.AppendString(values.Value(row)) }
	case "a_binary":
		values := rows.Binary()
		return func(row int) { to.AppendBytes(values.Value(row)) }
	case "a_fixed":
		values := rows.FixedSizeBinary()
		return func(row int) { to.AppendBytes(values.Value(row)) }
	case "a_uint64":
		values := rows.Uint64()
		return func(row int) { to.AppendUint64(values.Value(row)) }
	case "a_float32":
		values := rows.Float32()
		return func(row int) { to.AppendFloat32(values.Value(row)) }
	case "a_float64":
		values := rows.Float64()
		return func(row int) { to.AppendFloat64(values.Value(row)) }
	case "a_list":
		items := rows.List().Items().Int64()
		return lists(rows.List(), to, func(item int) { to.Items().AppendInt64(items.Value(item)) })
	case "a_nested":
		inner := rows.List().Items()
		texts := inner.List().Items().Utf8()
		write := lists(inner.List(), to.Items(), func(item int) { to.Items().Items().AppendString(texts.Value(item)) })
		return lists(rows.List(), to, write)
	case "a_fixed_list":
		items := rows.FixedSizeList().Items().Float32()
		return lists(rows.FixedSizeList(), to, func(item int) { to.Items().AppendFloat32(items.Value(item)) })
	case "a_struct":
		return structs(rows.Struct(), to)
	case "a_map":
		return maps(rows.Map(), to)
	}
	whole := wholes(rows)
	return func(row int) { to.AppendInt64(whole(row)) }
}

func lists(rows *sandglass.Lists, to *sandglass.Builder, write func(item int)) func(row int) {
	return func(row int) {
		from, end := rows.Range(row)
		to.Begin()
		each(rows.Items(), to.Items(), from, end, write)
	}
}

func structs(rows *sandglass.Structs, to *sandglass.Builder) func(row int) {
	whole, text, inner := rows.Field("whole"), rows.Field("text"), rows.Field("inner")
	flag := inner.Struct().Field("flag")
	wholes := whole.Int64()
	return func(row int) {
		to.Begin()
		each(whole, to.Field("whole"), row, row+1, func(row int) { to.Field("whole").AppendInt64(wholes.Value(row)) })
		each(text, to.Field("text"), row, row+1, writer("text", text, to.Field("text")))
		to := to.Field("inner")
		each(inner, to, row, row+1, func(row int) {
			to.Begin()
			each(flag, to.Field("flag"), row, row+1, writer("flag", flag, to.Field("flag")))
		})
	}
}

func maps(rows *sandglass.Maps, to *sandglass.Builder) func(row int) {
	keys, values := rows.Keys().Utf8(), rows.Values()
	items := values.List().Items().Int32()
	write := lists(values.List(), to.Values(), func(item int) { to.Values().Items().AppendInt64(int64(items.Value(item))) })
	return func(row int) {
		from, end := rows.Range(row)
		to.Begin()
		for entry := from; entry < end; entry++ {
			to.Keys().AppendString(keys.Value(entry))
		}
		each(values, to.Values(), from, end, write)
	}
}

func wholes(rows *sandglass.Untyped) func(row int) int64 {
	switch rows.Kind() {
	case "int8":
		return wholesOf(rows.Int8())
	case "int16":
		return wholesOf(rows.Int16())
	case "int32":
		return wholesOf(rows.Int32())
	case "uint8":
		return wholesOf(rows.Uint8())
	case "uint16":
		return wholesOf(rows.Uint16())
	case "uint32":
		return wholesOf(rows.Uint32())
	case "date32":
		return wholesOf(rows.Date32())
	case "timestamp":
		return wholesOf(rows.Timestamp())
	case "duration":
		return wholesOf(rows.Duration())
	}
	return wholesOf(rows.Int64())
}

func wholesOf[T sandglass.Number](rows *sandglass.Values[T]) func(row int) int64 {
	return func(row int) int64 { return int64(rows.Value(row)) }
}
