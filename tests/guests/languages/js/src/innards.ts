// Reaches into the SDK and what it is made of, and keeps what it should not.
import { log } from "sandglass-guest";

const world = globalThis as any;
let count = 0;

export const innards = {
  state: () => `number ${++count}`,
  /** Replaces what the SDK and the bindings are made of. */
  monkey() {
    for (const kind of [Array, Uint8Array, Int32Array, BigInt64Array, String, Map, Set, Promise, Function]) {
      for (const name of Object.getOwnPropertyNames(kind.prototype)) {
        if (name === "constructor") continue;
        try {
          Object.defineProperty(kind.prototype, name, { value: () => 42, configurable: true, writable: true });
        } catch {}
      }
    }
    return "replaced";
  },
  monkey_array() {
    Array.prototype.push = () => 0;
    Array.prototype.map = (() => []) as never;
    Array.prototype.shift = () => undefined;
    return "replaced";
  },
  monkey_slice() {
    Uint8Array.prototype.slice = Uint8Array.prototype.subarray = (() => new Uint8Array(3)) as never;
    Object.getPrototypeOf(Uint8Array.prototype).slice = Object.getPrototypeOf(Uint8Array.prototype).subarray = () => new Uint8Array(3);
    return "replaced";
  },
  monkey_base64() {
    world.Uint8Array.fromBase64 = () => new Uint8Array([255, 254, 253]);
    world.btoa = () => "AAAA";
    return "replaced";
  },
  monkey_iterator() {
    (Array.prototype as any)[Symbol.iterator] = function* () {};
    return "replaced";
  },
  monkey_wellformed() {
    (String.prototype as any).toWellFormed = () => "half \ud800";
    log.warn("half \ud800");
    return "half \ud800";
  },
  monkey_json() {
    JSON.stringify = () => "lies";
    JSON.parse = () => "lies";
    return "replaced";
  },
  monkey_object() {
    Object.keys = Object.entries = Object.fromEntries = Object.defineProperty = (() => ({})) as never;
    return "replaced";
  },
  /** Every object has what an output may have. */
  monkey_inherited() {
    for (const [name, value] of Object.entries({ row: 7, input: 7, sourceRows: [9, 9, 9], rejected: [{ row: 9, message: "lies" }], batch: 42, val: 7, tag: "lies" })) {
      Object.defineProperty(Object.prototype, name, { get: () => value, set() {}, configurable: true });
    }
    return "replaced";
  },
  monkey_then() {
    Object.defineProperty(Object.prototype, "then", { get: () => (done: (value: unknown) => void) => done(42), configurable: true });
    return "replaced";
  },
  monkey_setter() {
    Object.defineProperty(Array.prototype, "0", { set() {}, get: () => 42, configurable: true });
    return "replaced";
  },
  monkey_length() {
    Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), "length", { get: () => 1 << 30 });
    Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), "byteLength", { get: () => 1 << 30 });
    return "replaced";
  },
  monkey_detached() {
    const original = Uint8Array.prototype.fill;
    void original;
    for (const name of ["set", "fill", "from"]) Object.getPrototypeOf(Uint8Array.prototype)[name] = () => {};
    const buffer = new ArrayBuffer(8);
    (buffer as any).transfer?.();
    return String(new Uint8Array(buffer).length);
  },
  monkey_error() {
    world.Error = class {};
    world.Error.prototype = null;
    Object.defineProperty(Error, Symbol.hasInstance, { value: () => true });
    throw new TypeError("with a lie about errors");
  },
  monkey_instance() {
    Object.defineProperty(Function.prototype, Symbol.hasInstance, { value: () => true });
    throw new TypeError("everything is an instance of everything");
  },
  monkey_freeze() {
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      try {
        Object.freeze(world[name]);
        Object.freeze(world[name]?.prototype);
      } catch {}
    }
    Object.freeze(globalThis);
    return "frozen";
  },
  monkey_delete() {
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      try {
        delete world[name];
      } catch {}
    }
    return "deleted";
  },
  monkey_lines() {
    world.__sandglassLines = { files: 42, runs: "lies" };
    throw new Error("with a lie about lines");
  },
  monkey_trace() {
    world.Error.prepareStackTrace = () => { throw new Error("in prepareStackTrace"); };
    world.Error.stackTraceLimit = 1e9;
    throw new Error("with a lie about stacks");
  },
  monkey_globals: () => Object.getOwnPropertyNames(globalThis).filter((name) => /wit|component|sandglass|__|cx|qjs/i.test(name)).join(" "),
  monkey_console() {
    world.console = null;
    throw new Error("without a console");
  },
  monkey_bigint() {
    (BigInt.prototype as any).toString = () => "lies";
    world.BigInt = () => 42;
    (String.prototype as any).padStart = () => "zz";
    return "replaced";
  },
};
