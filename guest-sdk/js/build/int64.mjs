// QuickJS's bindings make a JavaScript number of a 64-bit value, which is exact up to 2^53 only. Here the two functions that do
// are replaced in the finished component: a 64-bit value crosses as a string of 16 hexadecimal digits, which `wire.ts` reads and
// writes. Nothing else in the component changes: a core module gets two functions at its end and two exports that name them.

const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 };
const COMPONENT_SECTION = { coreModule: 1, component: 4 };
const I32 = 0x7f, I64 = 0x7e;

/** The component with exact 64-bit values. */
export function exactInt64(component) {
  const found = { count: 0 };
  const changed = changedComponent(component, found);
  if (found.count !== 1) throw new Error(`${found.count} modules of the component take 64-bit values: this needs componentize-qjs 0.4.5`);
  return changed;
}

function changedComponent(bytes, found) {
  const parts = [bytes.subarray(0, 8)];
  for (const { id, body } of sectionsOf(bytes)) {
    const isNested = id === COMPONENT_SECTION.component, isModule = id === COMPONENT_SECTION.coreModule;
    parts.push(section(id, isNested ? changedComponent(body, found) : isModule ? changedModule(body, found) : body));
  }
  return concat(parts);
}

function changedModule(bytes, found) {
  const sections = [...sectionsOf(bytes)], bodyOf = (id) => sections.find((section) => section.id === id)?.body;
  if (bodyOf(SECTION.export) === undefined || bodyOf(SECTION.code) === undefined) return bytes;
  const exported = exportsOf(bodyOf(SECTION.export)), index = (name) => exported.find((each) => each.name === name)?.index;
  const [push, pop] = ["wit_dylib_push_s64", "wit_dylib_pop_s64"];
  const calls = { realloc: index("cabi_realloc"), pushString: index("wit_dylib_push_string"), popString: index("wit_dylib_pop_string") };
  if (index(push) === undefined || index(pop) === undefined) return bytes;
  if (Object.values(calls).includes(undefined)) throw new Error("the module that takes 64-bit values lacks what they are sent with");

  const types = vector(bodyOf(SECTION.type), typeAt), functions = vector(bodyOf(SECTION.function), number);
  const first = importedFunctions(bodyOf(SECTION.import)) + functions.items.length;
  const typeOf = (parameters, results) => {
    const type = types.items.findIndex((type) => String(type) === String([parameters, results]));
    if (type < 0) throw new Error("the module's functions for 64-bit values have other types");
    return type;
  };
  found.count++;
  const added = {
    [SECTION.function]: (body) => longer(body, functions, [leb(typeOf([I32, I64], [])), leb(typeOf([I32], [I64]))]),
    [SECTION.code]: (body) => longer(body, vector(body, codeAt), [pushDigits(calls), popDigits(calls)]),
    [SECTION.export]: () => {
      const renamed = exported.map(({ name, kind, index }) => {
        const own = name === push ? first : name === pop ? first + 1 : index;
        return concat([leb(Buffer.byteLength(name)), Buffer.from(name), [kind], leb(own)]);
      });
      return concat([leb(renamed.length), ...renamed]);
    },
  };
  return concat([bytes.subarray(0, 8), ...sections.map(({ id, body }) => section(id, added[id]?.(body) ?? body))]);
}

/** `(param $cx i32) (param $value i64)`: hands `$value` to JavaScript as 16 digits. */
function pushDigits({ realloc, pushString }) {
  const [CX, VALUE, TEXT, PLACE, DIGIT] = [0, 1, 2, 3, 4];
  return code([[3, I32]], [
    constant(0), constant(0), constant(1), constant(16), call(realloc), set(TEXT),
    LOOP,
    get(TEXT), get(PLACE), ADD,
    get(VALUE), constant64(60), SHR_U_64, WRAP, tee(DIGIT), constant(48), ADD,
    get(DIGIT), constant(9), GT_U, constant(39), MUL, ADD, // "a" is 39 after ":", which comes after "9"
    STORE_8,
    get(VALUE), constant64(4), SHL_64, set(VALUE),
    get(PLACE), constant(1), ADD, tee(PLACE), constant(16), LT_U, BR_IF_0,
    END,
    get(CX), get(TEXT), constant(16), call(pushString),
  ]);
}

/** `(param $cx i32) (result i64)`: the value of the digits that JavaScript hands over. */
function popDigits({ realloc, popString }) {
  const [CX, TEXT, PLACE, LENGTH, DIGIT, VALUE] = [0, 1, 2, 3, 4, 5];
  return code([[4, I32], [1, I64]], [
    // Where the string starts is written to memory, its length is answered. These four bytes are for good: only the defaults of
    // parameters come this way, once.
    get(CX), constant(0), constant(0), constant(4), constant(4), call(realloc), tee(TEXT), call(popString), set(LENGTH),
    get(TEXT), LOAD, set(TEXT),
    LOOP,
    get(VALUE), constant64(4), SHL_64,
    get(TEXT), get(PLACE), ADD, LOAD_8, constant(48), SUB, tee(DIGIT),
    get(DIGIT), constant(9), GT_U, constant(39), MUL, SUB, EXTEND_U, OR_64, set(VALUE),
    get(PLACE), constant(1), ADD, tee(PLACE), get(LENGTH), LT_U, BR_IF_0,
    END,
    get(VALUE),
  ]);
}

const LOOP = [0x03, 0x40], END = [0x0b], BR_IF_0 = [0x0d, 0], LT_U = [0x49], GT_U = [0x4b], ADD = [0x6a], SUB = [0x6b], MUL = [0x6c];
const OR_64 = [0x84], SHL_64 = [0x86], SHR_U_64 = [0x88], WRAP = [0xa7], EXTEND_U = [0xad];
const LOAD = [0x28, 2, 0], LOAD_8 = [0x2d, 0, 0], STORE_8 = [0x3a, 0, 0];
const call = (index) => [0x10, ...leb(index)], get = (local) => [0x20, local], set = (local) => [0x21, local], tee = (local) => [0x22, local];
const constant = (value) => [0x41, ...signed(value)], constant64 = (value) => [0x42, ...signed(value)];

function code(locals, instructions) {
  const declared = locals.flatMap(([count, type]) => [...leb(count), type]);
  const body = concat([leb(locals.length), declared, ...instructions, END]);
  return concat([leb(body.length), body]);
}

function* sectionsOf(bytes) {
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at], [size, start] = number(bytes, at + 1);
    yield { id, body: bytes.subarray(start, start + size) };
    at = start + size;
  }
}

function section(id, body) {
  return concat([[id], leb(body.length), body]);
}

/** The items of a vector, and where the first starts. */
function vector(bytes, itemAt) {
  const [count, start] = number(bytes, 0), items = [];
  let at = start, item;
  for (let i = 0; i < count; i++) {
    [item, at] = itemAt(bytes, at);
    items.push(item);
  }
  return { items, start };
}

function longer(bytes, { items, start }, added) {
  return concat([leb(items.length + added.length), bytes.subarray(start), ...added]);
}

function typeAt(bytes, at) {
  if (bytes[at] !== 0x60) throw new Error("the module has types other than those of functions");
  const parameters = at + 1, [count, first] = number(bytes, parameters), results = first + count;
  const [resultCount, firstResult] = number(bytes, results), end = firstResult + resultCount;
  return [[[...bytes.subarray(first, first + count)], [...bytes.subarray(firstResult, end)]], end];
}

function codeAt(bytes, at) {
  const [size, start] = number(bytes, at);
  return [null, start + size];
}

function exportsOf(bytes) {
  return vector(bytes, (bytes, at) => {
    const [length, start] = number(bytes, at), end = start + length, [index, next] = number(bytes, end + 1);
    return [{ name: Buffer.from(bytes.subarray(start, end)).toString(), kind: bytes[end], index }, next];
  }).items;
}

function importedFunctions(bytes) {
  const [count, start] = number(bytes, 0);
  let at = start, functions = 0;
  const skip = (places) => {
    for (let i = 0; i < places; i++) [, at] = number(bytes, at);
  };
  const limits = () => skip(bytes[at++] & 1 ? 2 : 1);
  for (let i = 0; i < count; i++) {
    for (let names = 0; names < 2; names++) {
      const [length, first] = number(bytes, at);
      at = first + length;
    }
    const kind = bytes[at++];
    if (kind === 0) (functions++, skip(1));
    else if (kind === 1) (at++, limits());
    else if (kind === 2) limits();
    else if (kind === 3) at += 2;
    else throw new Error("the module imports something unknown");
  }
  return functions;
}

/** An unsigned LEB128 number, and what is after it. */
function number(bytes, at) {
  let value = 0, shift = 0, byte;
  do {
    byte = bytes[at++];
    value |= (byte & 127) << shift;
    shift += 7;
  } while (byte & 128);
  return [value >>> 0, at];
}

function leb(value) {
  const bytes = [];
  do bytes.push((value & 127) | (value > 127 ? 128 : 0));
  while ((value >>>= 7) > 0);
  return bytes;
}

/** Small signed LEB128 numbers. */
function signed(value) {
  return value < 64 ? [value] : [(value & 127) | 128, value >> 7];
}

function concat(parts) {
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}
