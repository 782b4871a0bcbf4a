/** What the build's entry makes of an author's component: the contract's exports. */
import { Batch } from "./batch.js";
import { logTo, log } from "./console.js";
import { Failure } from "./failure.js";
import { encode } from "./output.js";
import { Driver } from "./run.js";
import { names } from "./schema.js";
import { traceback, wordsOf } from "./stack.js";
import { asBigInt, asDigits, contextOf, contractOf, failureOf } from "./wire.js";
import { enter, worldAt } from "./world.js";
import { wellFormed } from "./text.js";
/** The contract's exports for an author's component. */
export function bind(author, host) {
    const component = author.default, writeInt = host.int64 === "digits" ? asDigits : asBigInt;
    const transformations = component?.transformations;
    if (!Array.isArray(transformations))
        throw new Error("the entry file has no `export default component([…])`");
    function guarded(world, inputs, call) {
        logTo(host.log);
        for (const [level, message] of host.early?.() ?? [])
            host.log(level, message);
        const before = enter(world);
        try {
            return call();
        }
        catch (error) {
            throw failed(error, inputs);
        }
        finally {
            enter(before);
        }
    }
    /** A run behind the contract's resource. */
    class Run {
        #driver;
        #world;
        constructor(driver, world) {
            this.#driver = driver;
            this.#world = world;
        }
        get #inputs() {
            return this.#driver.transformation.inputs;
        }
        push(input, batch) {
            guarded(this.#world, this.#inputs, () => {
                const columns = this.#inputs[input]?.columns;
                if (columns === undefined)
                    throw new Failure(`there is no input ${input}`);
                this.#driver.push(input, Batch.decode(columns, batch));
            });
        }
        endKeys() {
            guarded(this.#world, this.#inputs, () => this.#driver.endKeys());
        }
        finish() {
            guarded(this.#world, this.#inputs, () => this.#driver.finish());
        }
        next() {
            return guarded(this.#world, this.#inputs, () => {
                const checked = this.#driver.next();
                if (checked === null)
                    return undefined;
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
        describe() {
            return guarded(worldAt(0n), [], () => transformations.map((transformation) => contractOf(transformation, writeInt)));
        },
        open(name, wire) {
            const found = transformations.find((transformation) => transformation.name === name);
            const world = worldAt(0n);
            return guarded(world, found?.inputs ?? [], () => {
                if (found === undefined)
                    throw new Failure(`there is no transformation \`${name}\`; there are ${names(transformations)}`);
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
function failed(error, inputs) {
    try {
        if (error instanceof Failure)
            return failureOf(error, inputs);
    }
    catch {
        // Its properties are the author's to change.
    }
    log.error(traceback(error));
    return failureOf(new Failure(wordsOf(error)), inputs);
}
