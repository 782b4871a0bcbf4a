import {
  binary, boolean, date32, decimal128, duration, fixedSizeBinary, fixedSizeList, float32, float64, input, int16, int32, int64, int8,
  list, map, struct, timestamp, uint16, uint32, uint64, uint8, utf8,
} from "sandglass-guest";

/** A column of each kind. */
export const KINDS = [
  int64("id"),
  boolean("a_boolean").nullable(),
  int8("an_int8").nullable(),
  int16("an_int16").nullable(),
  int32("an_int32").nullable(),
  int64("an_int64").nullable(),
  uint8("a_uint8").nullable(),
  uint16("a_uint16").nullable(),
  uint32("a_uint32").nullable(),
  uint64("a_uint64").nullable(),
  float32("a_float32").nullable(),
  float64("a_float64").nullable(),
  decimal128("a_decimal", 38, 10).nullable(),
  utf8("a_utf8").nullable(),
  binary("a_binary").nullable(),
  fixedSizeBinary("a_fixed", 3).nullable(),
  date32("a_date").nullable(),
  timestamp("a_timestamp").nullable(),
  duration("a_duration").nullable(),
  list("a_list", int64().nullable()).nullable(),
  list("a_nested", list(utf8().nullable()).nullable()).nullable(),
  fixedSizeList("a_fixed_list", float32().nullable(), 2).nullable(),
  struct("a_struct", [
    int64("whole").nullable(),
    utf8("text").nullable(),
    struct("inner", [boolean("flag").nullable()]).nullable(),
  ]).nullable(),
  map("a_map", utf8(), list(int32().nullable()).nullable()).nullable(),
] as const;

export const ROWS = input("rows", KINDS);
