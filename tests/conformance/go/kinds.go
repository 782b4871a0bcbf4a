package main

import "sandglass.dev/guest/sandglass"

// kinds are columns of every kind.
func kinds() sandglass.Columns {
	return sandglass.Columns{
		sandglass.Int64("id"),
		sandglass.Boolean("a_boolean").Nullable(),
		sandglass.Int8("an_int8").Nullable(),
		sandglass.Int16("an_int16").Nullable(),
		sandglass.Int32("an_int32").Nullable(),
		sandglass.Int64("an_int64").Nullable(),
		sandglass.Uint8("a_uint8").Nullable(),
		sandglass.Uint16("a_uint16").Nullable(),
		sandglass.Uint32("a_uint32").Nullable(),
		sandglass.Uint64("a_uint64").Nullable(),
		sandglass.Float32("a_float32").Nullable(),
		sandglass.Float64("a_float64").Nullable(),
		sandglass.Decimal128("a_decimal", 38, 10).Nullable(),
		sandglass.Utf8("a_utf8").Nullable(),
		sandglass.Binary("a_binary").Nullable(),
		sandglass.FixedSizeBinary("a_fixed", 3).Nullable(),
		sandglass.Date32("a_date").Nullable(),
		sandglass.Timestamp("a_timestamp").Nullable(),
		sandglass.Duration("a_duration").Nullable(),
		sandglass.List("a_list", sandglass.Int64("item").Nullable()).Nullable(),
		sandglass.List("a_nested",
			sandglass.List("item", sandglass.Utf8("item").Nullable()).Nullable(),
		).Nullable(),
		sandglass.FixedSizeList("a_fixed_list", sandglass.Float32("item").Nullable(), 2).Nullable(),
		sandglass.Struct("a_struct",
			sandglass.Int64("whole").Nullable(),
			sandglass.Utf8("text").Nullable(),
			sandglass.Struct("inner", sandglass.Boolean("flag").Nullable()).Nullable(),
		).Nullable(),
		sandglass.Map("a_map", sandglass.Utf8("keys"),
			sandglass.List("values", sandglass.Int32("item").Nullable()).Nullable(),
		).Nullable(),
	}
}

func rows() sandglass.Input { return sandglass.Input{Name: "rows", Columns: kinds()} }
