/** The runs behind simple functions. */

import { Batch } from "./batch.js";
import type { Context } from "./context.js";
import { Failure } from "./failure.js";
import type { Fields } from "./field.js";
import { eachKey, type Group } from "./group.js";
import type { Input } from "./input.js";
import { InputRows } from "./inputs.js";
import { Output } from "./output.js";
import { Records } from "./record.js";
import { Emitter, Rows } from "./rows.js";
import { synchronous, type Run } from "./run.js";

/** One output for each batch. */
export function perBatch(context: Context, make: (context: Context, batch: Batch) => unknown): Run {
  var ready: Output | null = null;
  return {
    push(_, batch) {
      ready = outputOf(synchronous(make(context, batch)));
    },
    next() {
      const output = ready;
      ready = null;
      return output;
    },
  };
}

function outputOf(made: unknown): Output {
  if (made instanceof Output) return made;
  if (typeof made === "object" && made !== null) return new Output(made as Batch);
  throw new Failure(`output: ${made === undefined ? "nothing was returned" : `${typeof made} was returned`}, it should be columns`);
}

/** Rows emitted one by one for each batch. */
export function emitRows(context: Context, output: Fields, emit: (context: Context, batch: Batch, out: Emitter) => unknown): Run {
  var ready: Output[] = [];
  return {
    push(_, batch) {
      const out = new Emitter(output, batch.rows);
      synchronous(emit(context, batch, out));
      ready = out.flush();
    },
    next: () => ready.shift(),
  };
}

/** A call for each key, which emits rows. */
export function emitKeys(
  context: Context, inputs: readonly Input[], output: Fields, emit: (context: Context, group: Group, out: Rows) => unknown,
): Run {
  const none = (): Batch[][] => inputs.map(() => []), out = new Rows(output);
  var range = none(), ready: Output[] = [];
  return {
    push(input, batch) {
      if (batch.rows > 0) range[input]!.push(batch);
    },
    endKeys() {
      const all = range;
      range = none();
      eachKey(inputs, all, (group) => synchronous(emit(context, group, out)));
      ready = out.flush();
    },
    finish() {
      if (range.some((batches) => batches.length > 0)) throw new Failure("the run ends inside of a range of keys");
    },
    next: () => ready.shift(),
  };
}

/** One call for a whole interval, which emits rows. */
export function emitWhole(
  context: Context, inputs: readonly Input[], output: Fields, emit: (context: Context, inputs: object, out: Rows) => unknown,
): Run {
  const pushed: Batch[][] = inputs.map(() => []), out = new Rows(output);
  var ready: Output[] = [];
  return {
    push(input, batch) {
      pushed[input]!.push(batch);
    },
    finish() {
      const rows = inputs.map(({ columns }, index) => new InputRows(columns, pushed[index]!));
      const byName = new Records<readonly InputRows[]>(inputs, (all, place) => all[place], "input");
      synchronous(emit(context, byName.filled(rows), out));
      ready = out.flush();
    },
    next: () => ready.shift(),
  };
}
