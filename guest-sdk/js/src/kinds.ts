/** What columns may be. Each function takes the column's name; without one, for elements of lists and maps, it is `item`. */

import { BigIntColumn } from "./bigints.js";
import { BooleanColumn } from "./booleans.js";
import { BinaryColumn, FixedBinaryColumn, TextColumn } from "./bytes.js";
import type { Column } from "./column.js";
import { DecimalColumn } from "./decimals.js";
import { Field, type Fields, type RecordOf, type RowOf, type ValueOf, type WrittenOf, type ColumnsOf, type ColumnOf } from "./field.js";
import type { Kind } from "./field.js";
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

function scalar<K extends KindOf<any, any, any, any>>(tag: string): K {
  return ((name = "item") => new Field(name, { tag } as Kind)) as K;
}

/** True or false. */
export const boolean: KindOf<boolean, boolean, BooleanColumn<boolean>, BooleanColumn<boolean | null>> = scalar("boolean");
/** Whole numbers of 8 bits. */
export const int8: Numbers<Int8Array> = scalar("int8");
/** Whole numbers of 16 bits. */
export const int16: Numbers<Int16Array> = scalar("int16");
/** Whole numbers of 32 bits. */
export const int32: Numbers<Int32Array> = scalar("int32");
/** Whole numbers of 64 bits: BigInts. Numbers may be written where they are whole and safe. */
export const int64: BigInts<BigInt64Array, bigint | number> = scalar("int64");
/** Whole numbers of 8 bits without sign; kept as int16. */
export const uint8: Numbers<Uint8Array> = scalar("uint8");
/** Whole numbers of 16 bits without sign; kept as int32. */
export const uint16: Numbers<Uint16Array> = scalar("uint16");
/** Whole numbers of 32 bits without sign; kept as int64. */
export const uint32: Numbers<Uint32Array> = scalar("uint32");
/** Whole numbers of 64 bits without sign: BigInts; for inputs only. */
export const uint64: BigInts<BigUint64Array, bigint | number> = scalar("uint64");
/** Floats of 32 bits. */
export const float32: Numbers<Float32Array> = scalar("float32");
/** Floats of 64 bits. */
export const float64: Numbers<Float64Array> = scalar("float64");
/** Text. */
export const utf8: KindOf<string, string, TextColumn<string>, TextColumn<string | null>> = scalar("utf8");
/** Bytes. A value is a view of the column: copy it before you change it. */
export const binary: KindOf<Uint8Array, Uint8Array, BinaryColumn<Uint8Array>, BinaryColumn<Uint8Array | null>> = scalar("binary");
/** Days since 1970-01-01, as numbers. */
export const date32: Numbers<Int32Array> = scalar("date32");
/** Microseconds since 1970-01-01T00:00:00Z, as BigInts. Also a `Date` may be written. */
export const timestamp: BigInts<BigInt64Array, bigint | number | Date> = scalar("timestamp");
/** Microseconds, as BigInts; for inputs only. */
export const duration: BigInts<BigInt64Array, bigint | number> = scalar("duration");

type Decimals<N extends string> = Field<N, bigint, bigint, DecimalColumn<bigint>, DecimalColumn<bigint | null>>;

/** Decimals of up to 38 digits, as BigInts without the point: with a scale of 2, `1234n` is 12.34. */
export function decimal128(precision: number, scale: number): Decimals<"item">;
export function decimal128<const N extends string>(name: N, precision: number, scale: number): Decimals<N>;
export function decimal128(...given: [number, number] | [string, number, number]): Decimals<string> {
  const [name, precision, scale] = given.length === 3 ? given : (["item", ...given] as const);
  return new Field(name, { tag: "decimal128", val: [precision, scale] });
}

type Fixed<N extends string> = Field<N, Uint8Array, Uint8Array, FixedBinaryColumn<Uint8Array>, FixedBinaryColumn<Uint8Array | null>>;

/** Bytes of one length. */
export function fixedSizeBinary(width: number): Fixed<"item">;
export function fixedSizeBinary<const N extends string>(name: N, width: number): Fixed<N>;
export function fixedSizeBinary(...given: [number] | [string, number]): Fixed<string> {
  const [name, width] = given.length === 2 ? given : (["item", ...given] as const);
  return new Field(name, { tag: "fixed-size-binary", val: width });
}

type List<N extends string, F extends Field> = Field<
  N, ValueOf<F>[], readonly WrittenOf<F>[], ListColumn<ValueOf<F>[], ColumnOf<F>>, ListColumn<ValueOf<F>[] | null, ColumnOf<F>>
>;

/** Lists, as arrays. */
export function list<F extends Field>(element: F): List<"item", F>;
export function list<const N extends string, F extends Field>(name: N, element: F): List<N, F>;
export function list(...given: [Field] | [string, Field]): Field {
  const [name, element] = given.length === 2 ? given : (["item", ...given] as const);
  return new Field(name, { tag: "list-of" }, false, [element]);
}

type FixedList<N extends string, F extends Field> = Field<
  N, ValueOf<F>[], readonly WrittenOf<F>[], FixedListColumn<ValueOf<F>[], ColumnOf<F>>, FixedListColumn<ValueOf<F>[] | null, ColumnOf<F>>
>;

/** Lists of one length, as arrays; for inputs only. */
export function fixedSizeList<F extends Field>(element: F, size: number): FixedList<"item", F>;
export function fixedSizeList<const N extends string, F extends Field>(name: N, element: F, size: number): FixedList<N, F>;
export function fixedSizeList(...given: [Field, number] | [string, Field, number]): Field {
  const [name, element, size] = given.length === 3 ? given : (["item", ...given] as const);
  return new Field(name, { tag: "fixed-size-list-of", val: size }, false, [element]);
}

type Struct<N extends string, F extends Fields> = Field<
  N, RowOf<F>, RecordOf<F>, StructColumn<RowOf<F>, ColumnsOf<F>>, StructColumn<RowOf<F> | null, ColumnsOf<F>>
>;

/** Structs of these fields, as objects. */
export function struct<const F extends Fields>(fields: F): Struct<"item", F>;
export function struct<const N extends string, const F extends Fields>(name: N, fields: F): Struct<N, F>;
export function struct(...given: [Fields] | [string, Fields]): Field {
  const [name, fields] = given.length === 2 ? given : (["item", ...given] as const);
  return new Field(name, { tag: "struct-of" }, false, fields);
}

type Maps<N extends string, K extends Field, F extends Field> = Field<
  N,
  Map<ValueOf<K>, ValueOf<F>>,
  Iterable<readonly [WrittenOf<K>, WrittenOf<F>]>,
  MapColumn<Map<ValueOf<K>, ValueOf<F>>, ColumnOf<K>, ColumnOf<F>>,
  MapColumn<Map<ValueOf<K>, ValueOf<F>> | null, ColumnOf<K>, ColumnOf<F>>
>;

/** Maps, as `Map`s; keys are never null. */
export function map<K extends Field, F extends Field>(keys: K, values: F): Maps<"item", K, F>;
export function map<const N extends string, K extends Field, F extends Field>(name: N, keys: K, values: F): Maps<N, K, F>;
export function map(...given: [Field, Field] | [string, Field, Field]): Field {
  const [name, keys, values] = given.length === 3 ? given : (["item", ...given] as const);
  const fields = [new Field("keys", keys.kind, false, keys.children), values.named("values")];
  return new Field(name, { tag: "map-of" }, false, fields);
}
