import { aligned, float64, input, int64, parameter, row, utf8 } from "sandglass-guest";

import { KINDS, ROWS } from "./kinds.ts";

export const pass = aligned({
  name: "pass",
  doc: "Columns as they came.",
  input: ROWS,
  output: KINDS,
  run: (_, rows) => rows,
});

export const rebuild = aligned({
  name: "rebuild",
  input: ROWS,
  output: KINDS,
  run: (_, rows) => ({
    id: rows.columns.id.toArray(),
    a_boolean: rows.columns.a_boolean.toArray(),
    an_int8: rows.columns.an_int8.toArray(),
    an_int16: rows.columns.an_int16.toArray(),
    an_int32: rows.columns.an_int32.toArray(),
    an_int64: rows.columns.an_int64.toArray(),
    a_uint8: rows.columns.a_uint8.toArray(),
    a_uint16: rows.columns.a_uint16.toArray(),
    a_uint32: rows.columns.a_uint32.toArray(),
    a_uint64: rows.columns.a_uint64.toArray(),
    a_float32: rows.columns.a_float32.toArray(),
    a_float64: rows.columns.a_float64.toArray(),
    a_decimal: rows.columns.a_decimal.toArray(),
    a_utf8: rows.columns.a_utf8.toArray(),
    a_binary: rows.columns.a_binary.toArray(),
    a_fixed: rows.columns.a_fixed.toArray(),
    a_date: rows.columns.a_date.toArray(),
    a_timestamp: rows.columns.a_timestamp.toArray(),
    a_duration: rows.columns.a_duration.toArray(),
    a_list: rows.columns.a_list.toArray(),
    a_nested: rows.columns.a_nested.toArray(),
    a_fixed_list: rows.columns.a_fixed_list.toArray(),
    a_struct: rows.columns.a_struct.toArray(),
    a_map: rows.columns.a_map.toArray(),
  }),
});

export const take = row({
  name: "take",
  input: ROWS,
  parameters: { times: parameter.int64({ default: 2, doc: "Copies of each row." }) },
  output: KINDS,
  run(context, rows) {
    const times = Number(context.parameters.times);
    const places = Uint32Array.from({ length: rows.rows * times }, (_, place) => Math.floor(place / times));
    return rows.keep(places);
  },
});

const AMOUNTS = [int64("id"), float64("amount").nullable(), utf8("name").nullable()] as const;

export const filter = row({
  name: "filter",
  input: input("rows", AMOUNTS),
  parameters: { limit: parameter.float64({ default: 0.5 }) },
  output: AMOUNTS,
  run: (context, rows) => rows.keep(rows.columns.amount.where(">", context.parameters.limit)),
});
