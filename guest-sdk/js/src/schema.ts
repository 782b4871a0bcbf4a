import type { Field, Fields, Kind } from "./field.js";

/** One node of a schema as the contract has it. */
export interface WireField {
  name: string;
  kind: Kind;
  nullable: boolean;
  children: number;
}

/** The nodes of a schema, depth first. */
export function nodes(fields: Fields): WireField[] {
  return fields.flatMap(({ name, kind, isNullable, children }) => [
    { name, kind, nullable: isNullable, children: children.length },
    ...nodes(children),
  ]);
}

/** How many nodes and buffers a column takes in a batch. */
export function span(field: Field): { nodes: number; buffers: number } {
  const all = { nodes: 1, buffers: BUFFERS[field.kind.tag] ?? 2 };
  for (const child of field.children) {
    const below = span(child);
    all.nodes += below.nodes;
    all.buffers += below.buffers;
  }
  return all;
}

const BUFFERS: { [tag: string]: number } = { utf8: 3, binary: 3, "struct-of": 1, "fixed-size-list-of": 1 };

/**
 * Whether columns of both have the same layout. Names inside of lists and maps do not matter, those of a struct's fields do;
 * nulls are looked at where the columns are.
 */
export function alike(left: Field, right: Field): boolean {
  return left === right || (
    left.kind.tag === right.kind.tag
    && parameters(left.kind) === parameters(right.kind)
    && left.children.length === right.children.length
    && left.children.every((child, place) => {
      const other = right.children[place]!;
      return alike(child, other) && (left.kind.tag !== "struct-of" || child.name === other.name);
    })
  );
}

function parameters(kind: Kind): string {
  return "val" in kind ? String(kind.val) : "";
}

/** A field's kind in words. */
export function kindName({ kind, children }: Field): string {
  switch (kind.tag) {
    case "decimal128":
      return `decimal128(${kind.val[0]}, ${kind.val[1]})`;
    case "fixed-size-binary":
      return `fixed-size-binary(${kind.val})`;
    case "list-of":
      return `list of ${kindName(children[0]!)}`;
    case "fixed-size-list-of":
      return `list of ${kind.val} ${kindName(children[0]!)}`;
    case "struct-of":
      return `struct {${children.map((child) => `${child.name}: ${kindName(child)}`).join(", ")}}`;
    case "map-of":
      return `map of ${kindName(children[0]!)} to ${kindName(children[1]!)}`;
    default:
      return kind.tag;
  }
}

/** Names as messages list them. */
export function names(things: Iterable<{ readonly name: string }>): string {
  return Array.from(things, ({ name }) => `\`${name}\``).join(", ") || "none";
}
