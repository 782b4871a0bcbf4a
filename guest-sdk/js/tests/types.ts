// What TypeScript infers from declared columns and parameters; `npm run check` compiles it, nothing runs it.

import {
  aligned, boolean, component, decimal128, fixedSizeList, float64, input, int32, int64, interval, keyed, list, map, parameter, row, struct,
  timestamp, uint64, utf8, binary, type BigIntColumn, type NumberColumn, type TextColumn,
} from "../dist/index.js";
import { run } from "../dist/testing.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if both are one type. */
function is<A>() {
  return <B>(_value: B, ..._proof: Same<A, B> extends true ? [] : ["another type", B]) => {};
}

const ORDERS = input("orders", [int64("id"), float64("amount").nullable(), utf8("city"), timestamp("at").nullable()]);

const made = row({
  name: "made",
  input: ORDERS,
  parameters: { limit: parameter.float64({ default: 1 }), most: parameter.int64(), word: parameter.utf8(), on: parameter.boolean(), from: parameter.timestamp() },
  output: [int64("id"), utf8("city").nullable(), boolean("dear")],
  emit(context, orders, out) {
    is<number>()(context.parameters.limit);
    is<bigint>()(context.parameters.most);
    is<string>()(context.parameters.word);
    is<boolean>()(context.parameters.on);
    is<bigint>()(context.parameters.from);
    // @ts-expect-error there is no such parameter
    context.parameters.limits;

    is<bigint>()(orders.columns.id.get(0));
    is<number | null>()(orders.columns.amount.get(0));
    is<string>()(orders.columns.city.get(0));
    is<bigint | null>()(orders.columns.at.get(0));
    is<NumberColumn<number | null, Float64Array>>()(orders.columns.amount);
    is<TextColumn<string>>()(orders.columns.city);
    is<{ id: bigint; amount: number | null; city: string; at: bigint | null }>()(orders.row(0));
    // @ts-expect-error there is no such column
    orders.columns.amounts;

    orders.columns.amount.where(">", 5);
    orders.columns.amount.where((amount) => amount > 5);
    orders.columns.id.where(">=", 5n, [0, 1]);
    orders.columns.city.where("==", "Bern");
    // @ts-expect-error amounts are numbers
    orders.columns.amount.where(">", "5");
    // @ts-expect-error no such comparison
    orders.columns.amount.where("=", 5);
    is<NumberColumn<number, Int32Array>>()(orders.columns.city.map(int32(), (city) => city.length));

    out.emit(0, 1n, "Bern", true);
    out.emit(0, 1, null, false);
    out.emitRecord(0, { id: 1n, dear: true });
    out.emitRecord(0, { id: 1n, dear: true, city: null });
    // @ts-expect-error a column is missing
    out.emit(0, 1n, "Bern");
    // @ts-expect-error text is no 64-bit number
    out.emit(0, "1", "Bern", true);
    // @ts-expect-error `id` is never null
    out.emit(0, null, "Bern", true);
    // @ts-expect-error `dear` is missing
    out.emitRecord(0, { id: 1n });
    // @ts-expect-error there is no such column
    out.emitRecord(0, { id: 1n, dear: true, town: "Bern" });
  },
});

aligned({
  name: "columns",
  input: ORDERS,
  output: [int64("id"), float64("twice").nullable()],
  run: (_, { columns }) => ({ ...columns, twice: columns.amount.multiply(2) }),
});

aligned({
  name: "missing",
  input: ORDERS,
  output: [int64("id"), float64("twice")],
  // @ts-expect-error `twice` is missing
  run: (_, { columns }) => ({ id: columns.id }),
});

keyed({
  name: "keys",
  inputs: [ORDERS, input("visits", [int64("visitor"), uint64("pages")], { keys: ["visitor"] })],
  output: [int64("id"), uint64("pages")],
  emit(_, group, out) {
    is<BigIntColumn<bigint, BigUint64Array>>()(group.rows.visits.columns.pages);
    is<string>()(group.rows.orders.columns.city.get(0));
    // @ts-expect-error there is no such input
    group.rows.visit;
    out.emit(group.key[0], group.rows.visits.columns.pages.sum());
  },
});

// @ts-expect-error there is no column of that name to be a key
input("visits", [int64("visitor")], { keys: ["visit"] });

interval({
  name: "whole",
  inputs: [ORDERS],
  output: [int64("id")],
  emit(_, { orders }, out) {
    for (const batch of orders.batches) is<string>()(batch.columns.city.get(0));
    is<bigint>()(orders.all.columns.id.get(0));
    out.emit(5);
  },
});

const NESTED = input("nested", [
  list("numbers", float64().nullable()),
  fixedSizeList("pairs", int32(), 2).nullable(),
  struct("person", [utf8("name"), int64("age").nullable(), struct("inner", [boolean("flag")])]),
  map("scores", utf8(), list(decimal128(10, 2))),
  binary("bytes"),
]);

aligned({
  name: "nested",
  input: NESTED,
  output: NESTED.columns,
  run(_, { columns }) {
    is<(number | null)[]>()(columns.numbers.get(0));
    is<number[] | null>()(columns.pairs.get(0));
    is<{ name: string; age: bigint | null; inner: { flag: boolean } }>()(columns.person.get(0));
    is<bigint | null>()(columns.person.fields.age.get(0));
    is<Map<string, bigint[]>>()(columns.scores.get(0));
    is<Uint8Array>()(columns.bytes.get(0));
    is<number | null>()(columns.numbers.elements.get(0));
    return columns;
  },
});

const out = run(made, { orders: [{ id: 1, city: "Bern", amount: null }] }, { parameters: { limit: 5, most: 7 }, interval: ["2024-01-01", 5n] });
is<{ id: bigint; city: string | null; dear: boolean }[]>()(out.rows);
// @ts-expect-error there is no such input
run(made, { order: [] });
// @ts-expect-error parameters have their kinds
run(made, { orders: [] }, { parameters: { limit: "5" } });

component([made]);
