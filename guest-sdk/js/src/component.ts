/** What the build's entry makes of an author's component: the contract's exports. */

import { Batch } from "./batch.js";
import { logTo, log, type Level } from "./console.js";
import type { WireBatch } from "./decode.js";
import { Failure } from "./failure.js";
import { encode } from "./output.js";
import { Driver } from "./run.js";
import { names } from "./schema.js";
import { traceback, wordsOf } from "./stack.js";
import type { AnyTransformation, Component } from "./transformation.js";
import { asBigInt, asDigits, contextOf, contractOf, failureOf, type WireContext, type WireContract, type WireFailure } from "./wire.js";
import { enter, worldAt, type World } from "./world.js";
import { wellFormed } from "./text.js";

export interface WireOutput {
  batch: WireBatch;
  sourceRows: Uint32Array | undefined;
  rejected: { row: number; message: string }[];
}

export interface Host {
  log(level: Level, message: string): void;
  /** What was logged before there was a host. */
  early?(): [Level, string][];
  /** Whether 64-bit numbers come and go as 16 hexadecimal digits, or as BigInts. */
  int64: "digits" | "bigint";
}

/** The contract's exports for an author's component. */
export function bind(author: { default?: unknown }, host: Host): object {
  const component = author.default as Component | undefined, writeInt = host.int64 === "digits" ? asDigits : asBigInt;
  const transformations = component?.transformations;
  if (!Array.isArray(transformations)) throw new Error("the entry file has no `export default component([…])`");
  function guarded<T>(world: World, inputs: readonly { readonly name: string }[], call: () => T): T {
    logTo(host.log);
    for (const [level, message] of host.early?.() ?? []) host.log(level, message);
    const before = enter(world);
    try {
      return call();
    } catch (error) {
      throw failed(error, inputs);
    } finally {
      enter(before);
    }
  }

  /** A run behind the contract's resource. */
  class Run {
    readonly #driver: Driver;
    readonly #world: World;

    constructor(driver: Driver, world: World) {
      this.#driver = driver;
      this.#world = world;
    }

    get #inputs(): readonly { readonly name: string; columns: any }[] {
      return this.#driver.transformation.inputs;
    }

    push(input: number, batch: WireBatch): void {
      guarded(this.#world, this.#inputs, () => {
        const columns = this.#inputs[input]?.columns;
        if (columns === undefined) throw new Failure(`there is no input ${input}`);
        this.#driver.push(input, Batch.decode(columns, batch));
      });
    }

    endKeys(): void {
      guarded(this.#world, this.#inputs, () => this.#driver.endKeys());
    }

    finish(): void {
      guarded(this.#world, this.#inputs, () => this.#driver.finish());
    }

    next(): WireOutput | undefined {
      return guarded(this.#world, this.#inputs, () => {
        const checked = this.#driver.next();
        if (checked === null) return undefined;
        const { columns, rows, sourceRows, rejected } = checked;
        return {
          batch: encode(this.#driver.transformation.output, columns, rows),
          sourceRows: sourceRows ?? undefined,
          rejected: rejected.map(({ row, reason }) => ({ row, message: wellFormed(reason) })),
        };
      });
    }
  }

  return {
    describe(): WireContract[] {
      return guarded(worldAt(0n), [], () => transformations.map((transformation) => contractOf(transformation, writeInt)));
    },
    open(name: string, wire: WireContext): Run {
      const found = transformations.find((transformation) => transformation.name === name) as AnyTransformation | undefined;
      const world = worldAt(0n);
      return guarded(world, found?.inputs ?? [], () => {
        if (found === undefined) throw new Failure(`there is no transformation \`${name}\`; there are ${names(transformations)}`);
        const context = contextOf(found, wire);
        const now = context.mode === "materialize" ? context.interval.end : context.mode === "request" ? context.requestTime : 0n;
        const run = worldAt(now);
        enter(run);
        return new Run(new Driver(found, context), run);
      });
    },
    Run,
  };
}

/** What ends a run, as the contract has it; an exception that is none of the SDK's leaves its traceback in the log. */
function failed(error: unknown, inputs: readonly { readonly name: string }[]): WireFailure {
  try {
    if (error instanceof Failure) return failureOf(error, inputs);
  } catch {
    // Its properties are the author's to change.
  }
  log.error(traceback(error));
  return failureOf(new Failure(wordsOf(error)), inputs);
}
