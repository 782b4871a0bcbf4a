import type { Batch } from "./batch.js";
import type { Context } from "./context.js";
import type { Fields } from "./field.js";
import type { Group } from "./group.js";
import type { Input } from "./input.js";
import type { InputsOf } from "./inputs.js";
import type { ColumnsGiven, Output } from "./output.js";
import type { Parameters } from "./parameter.js";
import type { Emitter, Rows } from "./rows.js";
import type { Run } from "./run.js";
/** How far the host may split the input over runs. */
export type Scope = "aligned" | "row" | "keyed" | "interval";
/** One transformation: its contract, and what makes its rows. */
export interface Transformation<I extends readonly Input[] = readonly Input[], O extends Fields = Fields, P extends Parameters = Parameters> {
    readonly name: string;
    readonly doc: string;
    readonly scope: Scope;
    readonly inputs: I;
    readonly output: O;
    readonly parameters: P;
    readonly properties: ReadonlyMap<string, string>;
    open(context: Context<P>): Run;
}
export type AnyTransformation = Transformation<any, any, any>;
/** What every transformation says. */
interface Definition<O extends Fields, P extends Parameters> {
    /** Its name, by which feature views ask for it. */
    name: string;
    /** What it does. */
    doc?: string;
    /** The columns of its output, in order. */
    output: O;
    parameters?: P;
    /** For a host later than this SDK; one that does not know a property ignores it. */
    properties?: {
        readonly [name: string]: string;
    };
    /** For runs with a state of their own: called once for a run, what it returns is given the batches. */
    open?: (context: Context<P>) => Run;
}
export interface AlignedDefinition<I extends Input, O extends Fields, P extends Parameters> extends Definition<O, P> {
    input: I;
    /** Called for each batch; returns columns of as many rows, in the same order. */
    run?: (context: Context<P>, batch: Batch<I["columns"]>) => ColumnsGiven<O> | Batch<any> | Output;
}
export interface RowDefinition<I extends Input, O extends Fields, P extends Parameters> extends Definition<O, P> {
    input: I;
    /** Called for each batch; returns columns. */
    run?: (context: Context<P>, batch: Batch<I["columns"]>) => ColumnsGiven<O> | Batch<any> | Output;
    /** Called for each batch; emits rows one by one. */
    emit?: (context: Context<P>, batch: Batch<I["columns"]>, out: Emitter<O>) => void;
}
export interface KeyedDefinition<I extends readonly Input[], O extends Fields, P extends Parameters> extends Definition<O, P> {
    inputs: I;
    /** Called for each key with all its rows of every input; emits rows. Keys rise. */
    emit?: (context: Context<P>, group: Group<I>, out: Rows<O>) => void;
}
export interface IntervalDefinition<I extends readonly Input[], O extends Fields, P extends Parameters> extends Definition<O, P> {
    inputs: I;
    /** Called once, with all rows of every input; emits rows. */
    emit?: (context: Context<P>, inputs: InputsOf<I>, out: Rows<O>) => void;
}
/** One row out for each row in, in the same order. */
export declare function aligned<const I extends Input, const O extends Fields, const P extends Parameters = {}>(definition: AlignedDefinition<I, O, P>): Transformation<readonly [I], O, P>;
/** Every row by itself, any number of rows out. */
export declare function row<const I extends Input, const O extends Fields, const P extends Parameters = {}>(definition: RowDefinition<I, O, P>): Transformation<readonly [I], O, P>;
/** All rows of a key together. Needs `incremental_backfills` in the view. */
export declare function keyed<const I extends readonly Input[], const O extends Fields, const P extends Parameters = {}>(definition: KeyedDefinition<I, O, P>): Transformation<I, O, P>;
/** A whole interval in one run. Needs `incremental_backfills` in the view. */
export declare function interval<const I extends readonly Input[], const O extends Fields, const P extends Parameters = {}>(definition: IntervalDefinition<I, O, P>): Transformation<I, O, P>;
/** The transformations of a component, which its entry file exports by default. */
export interface Component {
    readonly transformations: readonly AnyTransformation[];
}
/** A component of these transformations: `export default component([…])`. */
export declare function component(transformations: readonly AnyTransformation[]): Component;
export {};
