/** What columns may be. Each function takes the column's name; without one, for elements of lists and maps, it is `item`. */
import { BigIntColumn } from "./bigints.js";
import { BooleanColumn } from "./booleans.js";
import { BinaryColumn, FixedBinaryColumn, TextColumn } from "./bytes.js";
import { DecimalColumn } from "./decimals.js";
import { Field } from "./field.js";
import { FixedListColumn, ListColumn } from "./lists.js";
import { MapColumn } from "./maps.js";
import { NumberColumn } from "./numbers.js";
import { StructColumn } from "./structs.js";
function scalar(tag) {
    return ((name = "item") => new Field(name, { tag }));
}
/** True or false. */
export const boolean = scalar("boolean");
/** Whole numbers of 8 bits. */
export const int8 = scalar("int8");
/** Whole numbers of 16 bits. */
export const int16 = scalar("int16");
/** Whole numbers of 32 bits. */
export const int32 = scalar("int32");
/** Whole numbers of 64 bits: BigInts. Numbers may be written where they are whole and safe. */
export const int64 = scalar("int64");
/** Whole numbers of 8 bits without sign; kept as int16. */
export const uint8 = scalar("uint8");
/** Whole numbers of 16 bits without sign; kept as int32. */
export const uint16 = scalar("uint16");
/** Whole numbers of 32 bits without sign; kept as int64. */
export const uint32 = scalar("uint32");
/** Whole numbers of 64 bits without sign: BigInts; for inputs only. */
export const uint64 = scalar("uint64");
/** Floats of 32 bits. */
export const float32 = scalar("float32");
/** Floats of 64 bits. */
export const float64 = scalar("float64");
/** Text. */
export const utf8 = scalar("utf8");
/** Bytes. A value is a view of the column: copy it before you change it. */
export const binary = scalar("binary");
/** Days since 1970-01-01, as numbers. */
export const date32 = scalar("date32");
/** Microseconds since 1970-01-01T00:00:00Z, as BigInts. Also a `Date` may be written. */
export const timestamp = scalar("timestamp");
/** Microseconds, as BigInts; for inputs only. */
export const duration = scalar("duration");
export function decimal128(...given) {
    const [name, precision, scale] = given.length === 3 ? given : ["item", ...given];
    return new Field(name, { tag: "decimal128", val: [precision, scale] });
}
export function fixedSizeBinary(...given) {
    const [name, width] = given.length === 2 ? given : ["item", ...given];
    return new Field(name, { tag: "fixed-size-binary", val: width });
}
export function list(...given) {
    const [name, element] = given.length === 2 ? given : ["item", ...given];
    return new Field(name, { tag: "list-of" }, false, [element]);
}
export function fixedSizeList(...given) {
    const [name, element, size] = given.length === 3 ? given : ["item", ...given];
    return new Field(name, { tag: "fixed-size-list-of", val: size }, false, [element]);
}
export function struct(...given) {
    const [name, fields] = given.length === 2 ? given : ["item", ...given];
    return new Field(name, { tag: "struct-of" }, false, fields);
}
export function map(...given) {
    const [name, keys, values] = given.length === 3 ? given : ["item", ...given];
    const fields = [new Field("keys", keys.kind, false, keys.children), values.named("values")];
    return new Field(name, { tag: "map-of" }, false, fields);
}
