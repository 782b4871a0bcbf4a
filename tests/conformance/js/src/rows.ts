import { Failure, float64, input, InputError, int32, int64, interval, keyed, log, ParameterError, row, timestamp, utf8 } from "sandglass-guest";

declare const console: { log(text: string): void };

export const fanOut = row({
  name: "fan_out",
  input: input("rows", [int64("count"), utf8("word")]),
  output: [int64("place"), utf8("word")],
  emit(_, rows, out) {
    const { count: counts, word: words } = rows.columns;
    for (let at = 0; at < rows.rows; at++) {
      const count = counts.get(at);
      if (count < 0n) out.reject(at, `${count} copies`);
      if (count > 100_000n) throw new InputError(`${count} copies are too many`, { row: at });
      const word = words.get(at);
      for (let place = 0; place < count; place++) out.emit(at, place, word);
    }
  },
});

export const totals = keyed({
  name: "totals",
  inputs: [
    input("sales", [utf8("region"), int64("store"), timestamp("time"), float64("amount").nullable()], { keys: ["region", "store"] }),
    input("visits", [utf8("area"), int64("shop"), timestamp("time"), int32("visitors")], { keys: ["area", "shop"] }),
  ],
  output: [utf8("region"), int64("store"), float64("sales").nullable(), int64("visitors"), timestamp("first").nullable()],
  emit(_, group, out) {
    const { sales, visits } = group.rows, [region, store] = group.key;
    const isSold = sales.rows > 0;
    const total = isSold ? sales.columns.amount.sum() : null;
    const first = isSold ? sales.columns.time.get(0) : null;
    out.emit(region, store, total, visits.columns.visitors.sum(), first);
  },
});

export const joined = interval({
  name: "joined",
  inputs: [input("facts", [int64("id"), utf8("name")]), input("factors", [utf8("name"), float64("factor")])],
  output: [int64("id"), float64("factor").nullable()],
  emit(_, { facts, factors }, out) {
    const factorOf = new Map<string, number>();
    const { name, factor } = factors.all.columns;
    for (let at = 0; at < factors.all.rows; at++) factorOf.set(name.get(at), factor.get(at));
    for (const { rows, columns } of facts.batches) {
      for (let at = 0; at < rows; at++) out.emit(columns.id.get(at), factorOf.get(columns.name.get(at)) ?? null);
    }
  },
});

export const speaks = row({
  name: "speaks",
  doc: "Logs, rejects and fails as its rows say.",
  input: input("rows", [utf8("word"), utf8("text")]),
  output: [utf8("word")],
  emit(_, rows, out) {
    for (let at = 0; at < rows.rows; at++) {
      const word = rows.columns.word.get(at), text = rows.columns.text.get(at);
      switch (word) {
        case "debug":
        case "info":
        case "warn":
        case "error":
          log[word](text);
          break;
        case "print":
          console.log(text);
          break;
        case "reject":
          out.reject(at, text);
          continue;
        case "input":
          throw new InputError(text, { row: at });
        case "parameter":
          throw new ParameterError(text, { row: at });
        case "internal":
          throw new Failure(text, { row: at });
        case "crash":
          crash([]);
      }
      out.emit(at, word);
    }
  },
});

function crash(texts: string[]): number {
  return texts[texts.length + 1]!.length;
}

export const empty = interval({
  name: "empty",
  inputs: [input("rows", [int64("id")])],
  output: [int64("id"), utf8("text").nullable()],
  emit() {},
});
