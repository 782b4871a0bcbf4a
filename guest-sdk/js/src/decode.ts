import { BigIntColumn } from "./bigints.js";
import { Bits } from "./bits.js";
import { BooleanColumn } from "./booleans.js";
import { BinaryColumn, Bytes, FixedBinaryColumn, TextColumn } from "./bytes.js";
import type { Column } from "./column.js";
import { DecimalColumn } from "./decimals.js";
import { Failure } from "./failure.js";
import type { Field } from "./field.js";
import { SHORT } from "./fixed.js";
import { FixedListColumn, ListColumn } from "./lists.js";
import { MapColumn } from "./maps.js";
import { NumberColumn } from "./numbers.js";
import type { Offsets } from "./offsets.js";
import { StructColumn } from "./structs.js";
import { bytesOf, view } from "./take.js";
import { BIGINTS, NUMBERS } from "./typed.js";

/** Rows as the contract has them. */
export interface WireBatch {
  rows: number;
  nodes: { length: number; nullCount: number }[];
  buffers: Uint8Array[];
}

/**
 * With its length as a property of its own. A typed array's is that of a getter of its prototype, which an interpreter calls at each turn of a
 * loop up to `values.length`: a quarter of the time of a short one.
 */
function measured<A extends { readonly length: number }>(values: A): A {
  return values.length > SHORT ? Object.defineProperty(values, "length", { value: values.length }) : values;
}

/** Makes columns over a batch's buffers, from a node and a buffer on. */
export class Decoder {
  readonly #batch: WireBatch;
  #node: number;
  #buffer: number;

  constructor(batch: WireBatch, node: number, buffer: number) {
    this.#batch = batch;
    this.#node = node;
    this.#buffer = buffer;
  }

  column(field: Field, length: number): Column {
    const node = this.#batch.nodes[this.#node++];
    if (node === undefined) throw new Failure("a node is missing");
    if (node.length !== length) throw new Failure(`${node.length} rows of ${length}`);
    const validity = this.#validity(length), { kind } = field;
    const number = NUMBERS[kind.tag];
    if (number !== undefined) {
      const bytes = this.#exact(length, number.BYTES_PER_ELEMENT);
      return new NumberColumn(field, length, validity, measured(view<NumberColumn.Values>(number, bytes)));
    }
    const bigint = BIGINTS[kind.tag];
    if (bigint !== undefined) {
      return new BigIntColumn(field, length, validity, measured(view<BigIntColumn.Values>(bigint, this.#exact(length, 8))));
    }
    switch (kind.tag) {
      case "boolean":
        return new BooleanColumn(field, length, validity, new Bits(this.#exact((length + 7) >> 3, 1), 0, length));
      case "decimal128":
        return new DecimalColumn(field, length, validity, view(BigUint64Array, this.#exact(length, 16)));
      case "fixed-size-binary":
        return new FixedBinaryColumn(field, length, validity, this.#exact(length, kind.val));
      case "utf8":
      case "binary": {
        const { offsets, end } = this.#offsets(length), bytes = new Bytes(this.#exact(end, 1));
        return kind.tag === "utf8"
          ? new TextColumn(field, length, validity, offsets, bytes)
          : new BinaryColumn(field, length, validity, offsets, bytes);
      }
      case "list-of": {
        const { offsets, end } = this.#offsets(length);
        return new ListColumn(field, length, validity, offsets, this.column(field.children[0]!, end));
      }
      case "fixed-size-list-of":
        return new FixedListColumn(field, length, validity, this.column(field.children[0]!, length * kind.val));
      case "struct-of":
        return new StructColumn(field, length, validity, field.children.map((child) => this.column(child, length)));
      default: {
        const { offsets, end } = this.#offsets(length);
        const keys = this.column(field.children[0]!, end);
        return new MapColumn(field, length, validity, offsets, keys, this.column(field.children[1]!, end));
      }
    }
  }

  #next(): Uint8Array {
    const buffer = this.#batch.buffers[this.#buffer++];
    if (buffer === undefined) throw new Failure("a buffer is missing");
    // StarlingMonkey's bindings have a `Uint8Array` of their own.
    return buffer instanceof Uint8Array ? buffer : bytesOf(buffer);
  }

  #exact(count: number, width: number): Uint8Array {
    const buffer = this.#next();
    if (buffer.length !== count * width) throw new Failure(`${buffer.length} bytes for ${count} values`);
    return buffer;
  }

  #validity(length: number): Bits | null {
    const buffer = this.#next();
    if (buffer.length === 0) return null;
    if (buffer.length !== (length + 7) >> 3) throw new Failure(`${buffer.length} bytes of validity for ${length} rows`);
    return new Bits(buffer, 0, length);
  }

  #offsets(length: number): { offsets: Offsets; end: number } {
    const offsets = view(Int32Array, this.#exact(length + 1, 4)), end = offsets[length]!;
    if (end < 0) throw new Failure("a negative offset");
    return { offsets, end };
  }
}
