import { aligned, boolean, duration, float64, input, int64, parameter, timestamp, utf8 } from "sandglass-guest";

const ROWS = input("rows", [int64("id")]);

const filled = <V>(rows: number, value: V): V[] => new Array<V>(rows).fill(value);

export const parameters = aligned({
  name: "parameters",
  input: ROWS,
  parameters: {
    a_boolean: parameter.boolean({ default: true }),
    an_int64: parameter.int64({ doc: "Any." }),
    a_float64: parameter.float64({ default: 0.1 }),
    a_utf8: parameter.utf8({ default: "né" }),
    a_timestamp: parameter.timestamp({ default: -1 }),
    a_duration: parameter.duration({ default: 90_000_000 }),
  },
  output: [
    int64("id"), boolean("a_boolean"), int64("an_int64"), float64("a_float64"), utf8("a_utf8"), timestamp("a_timestamp"), duration("a_duration"),
  ],
  run: ({ parameters }, { rows, columns }) => ({
    id: columns.id,
    a_boolean: filled(rows, parameters.a_boolean),
    an_int64: filled(rows, parameters.an_int64),
    a_float64: filled(rows, parameters.a_float64),
    a_utf8: filled(rows, parameters.a_utf8),
    a_timestamp: filled(rows, parameters.a_timestamp),
    a_duration: filled(rows, parameters.a_duration),
  }),
});

export const context = aligned({
  name: "context",
  input: ROWS,
  output: [
    int64("id"),
    utf8("mode"),
    timestamp("start").nullable(),
    timestamp("end").nullable(),
    timestamp("at").nullable(),
    timestamp("range_start").nullable(),
    timestamp("range_end").nullable(),
    boolean("lineage"),
    utf8("property").nullable(),
  ],
  run(context, { rows, columns }) {
    const interval = context.mode === "materialize" ? context.interval : null, range = context.range("rows");
    return {
      id: columns.id,
      mode: filled(rows, context.mode),
      start: filled(rows, interval?.start ?? null),
      end: filled(rows, interval?.end ?? null),
      at: filled(rows, context.mode === "request" ? context.requestTime : null),
      range_start: filled(rows, range?.start ?? null),
      range_end: filled(rows, range?.end ?? null),
      lineage: filled(rows, context.lineage),
      property: filled(rows, context.property("kit") ?? null),
    };
  },
});
