/** What columns may be. Each function takes the column's name; without one, for elements of lists and maps, it is `item`. */
import { BigIntColumn } from "./bigints.js";
import { BooleanColumn } from "./booleans.js";
import { BinaryColumn, FixedBinaryColumn, TextColumn } from "./bytes.js";
import type { Column } from "./column.js";
import { DecimalColumn } from "./decimals.js";
import { Field, type Fields, type RecordOf, type RowOf, type ValueOf, type WrittenOf, type ColumnsOf, type ColumnOf } from "./field.js";
import { FixedListColumn, ListColumn } from "./lists.js";
import { MapColumn } from "./maps.js";
import { NumberColumn } from "./numbers.js";
import { StructColumn } from "./structs.js";
/** Makes a field of a kind. */
export interface KindOf<V, W, C extends Column, D extends Column> {
    (): Field<"item", V, W, C, D>;
    <const N extends string>(name: N): Field<N, V, W, C, D>;
}
type Numbers<A extends NumberColumn.Values> = KindOf<number, number, NumberColumn<number, A>, NumberColumn<number | null, A>>;
type BigInts<A extends BigIntColumn.Values, W> = KindOf<bigint, W, BigIntColumn<bigint, A>, BigIntColumn<bigint | null, A>>;
/** True or false. */
export declare const boolean: KindOf<boolean, boolean, BooleanColumn<boolean>, BooleanColumn<boolean | null>>;
/** Whole numbers of 8 bits. */
export declare const int8: Numbers<Int8Array>;
/** Whole numbers of 16 bits. */
export declare const int16: Numbers<Int16Array>;
/** Whole numbers of 32 bits. */
export declare const int32: Numbers<Int32Array>;
/** Whole numbers of 64 bits: BigInts. Numbers may be written where they are whole and safe. */
export declare const int64: BigInts<BigInt64Array, bigint | number>;
/** Whole numbers of 8 bits without sign; kept as int16. */
export declare const uint8: Numbers<Uint8Array>;
/** Whole numbers of 16 bits without sign; kept as int32. */
export declare const uint16: Numbers<Uint16Array>;
/** Whole numbers of 32 bits without sign; kept as int64. */
export declare const uint32: Numbers<Uint32Array>;
/** Whole numbers of 64 bits without sign: BigInts; for inputs only. */
export declare const uint64: BigInts<BigUint64Array, bigint | number>;
/** Floats of 32 bits. */
export declare const float32: Numbers<Float32Array>;
/** Floats of 64 bits. */
export declare const float64: Numbers<Float64Array>;
/** Text. */
export declare const utf8: KindOf<string, string, TextColumn<string>, TextColumn<string | null>>;
/** Bytes. A value is a view of the column: copy it before you change it. */
export declare const binary: KindOf<Uint8Array, Uint8Array, BinaryColumn<Uint8Array>, BinaryColumn<Uint8Array | null>>;
/** Days since 1970-01-01, as numbers. */
export declare const date32: Numbers<Int32Array>;
/** Microseconds since 1970-01-01T00:00:00Z, as BigInts. Also a `Date` may be written. */
export declare const timestamp: BigInts<BigInt64Array, bigint | number | Date>;
/** Microseconds, as BigInts; for inputs only. */
export declare const duration: BigInts<BigInt64Array, bigint | number>;
type Decimals<N extends string> = Field<N, bigint, bigint, DecimalColumn<bigint>, DecimalColumn<bigint | null>>;
/** Decimals of up to 38 digits, as BigInts without the point: with a scale of 2, `1234n` is 12.34. */
export declare function decimal128(precision: number, scale: number): Decimals<"item">;
export declare function decimal128<const N extends string>(name: N, precision: number, scale: number): Decimals<N>;
type Fixed<N extends string> = Field<N, Uint8Array, Uint8Array, FixedBinaryColumn<Uint8Array>, FixedBinaryColumn<Uint8Array | null>>;
/** Bytes of one length. */
export declare function fixedSizeBinary(width: number): Fixed<"item">;
export declare function fixedSizeBinary<const N extends string>(name: N, width: number): Fixed<N>;
type List<N extends string, F extends Field> = Field<N, ValueOf<F>[], readonly WrittenOf<F>[], ListColumn<ValueOf<F>[], ColumnOf<F>>, ListColumn<ValueOf<F>[] | null, ColumnOf<F>>>;
/** Lists, as arrays. */
export declare function list<F extends Field>(element: F): List<"item", F>;
export declare function list<const N extends string, F extends Field>(name: N, element: F): List<N, F>;
type FixedList<N extends string, F extends Field> = Field<N, ValueOf<F>[], readonly WrittenOf<F>[], FixedListColumn<ValueOf<F>[], ColumnOf<F>>, FixedListColumn<ValueOf<F>[] | null, ColumnOf<F>>>;
/** Lists of one length, as arrays; for inputs only. */
export declare function fixedSizeList<F extends Field>(element: F, size: number): FixedList<"item", F>;
export declare function fixedSizeList<const N extends string, F extends Field>(name: N, element: F, size: number): FixedList<N, F>;
type Struct<N extends string, F extends Fields> = Field<N, RowOf<F>, RecordOf<F>, StructColumn<RowOf<F>, ColumnsOf<F>>, StructColumn<RowOf<F> | null, ColumnsOf<F>>>;
/** Structs of these fields, as objects. */
export declare function struct<const F extends Fields>(fields: F): Struct<"item", F>;
export declare function struct<const N extends string, const F extends Fields>(name: N, fields: F): Struct<N, F>;
type Maps<N extends string, K extends Field, F extends Field> = Field<N, Map<ValueOf<K>, ValueOf<F>>, Iterable<readonly [WrittenOf<K>, WrittenOf<F>]>, MapColumn<Map<ValueOf<K>, ValueOf<F>>, ColumnOf<K>, ColumnOf<F>>, MapColumn<Map<ValueOf<K>, ValueOf<F>> | null, ColumnOf<K>, ColumnOf<F>>>;
/** Maps, as `Map`s; keys are never null. */
export declare function map<K extends Field, F extends Field>(keys: K, values: F): Maps<"item", K, F>;
export declare function map<const N extends string, K extends Field, F extends Field>(name: N, keys: K, values: F): Maps<N, K, F>;
export {};
