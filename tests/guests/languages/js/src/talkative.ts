// Says too much, or what cannot be said.
import { Failure, InputError, log } from "sandglass-guest";

declare const console: { [method: string]: (...parts: unknown[]) => void };

function thrown(value: unknown): never {
  throw value;
}

export const talkative = {
  print() {
    for (;;) console.log!("a line of some length");
  },
  print_once() {
    console.log!("on stdout");
    console.error!("on stderr");
    return "printed";
  },
  print_ways() {
    console.warn!("by warn", { a: [1, 2n, null, undefined] }, new Map([["k", 1]]), /x/, Symbol("s"));
    console.info!("%s is %d, %o", "x", 3, {});
    console.table!([1]);
    console.warn!("half a pair \ud800, an escape \x1b[31m and a NUL \0");
    (globalThis as any).print?.("by print");
    return "printed";
  },
  print_methods: () => Object.entries({ countReset: 1, dirxml: 1, groupCollapsed: 1, timeStamp: 1, profile: 1 }).map(([name]) => `${name}: ${typeof console[name]}`).join("; "),
  print_circle() {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    console.warn!(circle);
    return "printed";
  },
  print_evil() {
    console.warn!({ get x() { return thrown(new Error("in a getter")); } });
    return "printed";
  },
  print_huge() {
    console.log!(Array.from({ length: 1_000_000 }, (_, n) => ({ n })));
    return "printed";
  },
  log_huge() {
    log.info("x".repeat(100_000_000));
    return "logged";
  },
  bad_text: () => "half a pair \ud800",
  bad_text_error: () => thrown(new InputError("half a pair \ud800 \x1b[31m red")),
  bad_text_exception: () => thrown(new Error("half a pair \ud800 \x1b[31m red")),
  raises: () => thrown(new TypeError("the author's words")),
  raises_of_sdk: () => thrown(new InputError("the author's words", { row: 0 })),
  raises_cause: () => thrown(new Error("outer", { cause: new TypeError("inner") })),
  raises_several: () => thrown(new AggregateError([new Error("one"), new Error("two")], "several")),
  wrong_kind: () => 42,
  wrong_kind_nothing: () => undefined,
  wrong_kind_null: () => null,
  wrong_kind_object: () => new String("boxed"),
  text_1: () => "x".repeat(1_000_000),
  text_2: () => "x".repeat(2_000_000),
  text_4: () => "x".repeat(4_000_000),
  huge_text: () => "x".repeat(50_000_000),
  huge_message: () => thrown(new Error("x".repeat(100_000_000))),
  huge_failure: () => thrown(new InputError("x".repeat(100_000_000))),
  deep_error() {
    let error = new Error("the first");
    for (let n = 0; n < 100_000; n++) error = new Error(`number ${n}`, { cause: error });
    throw error;
  },
  deep_circle() {
    const error = new Error("its own cause");
    error.cause = error;
    throw error;
  },
  deep_circle_failure() {
    const error = new Failure("its own cause");
    error.cause = error;
    throw error;
  },
  throw_null: () => thrown(null),
  throw_undefined: () => thrown(undefined),
  throw_text: () => thrown("text"),
  throw_object: () => thrown({ code: 3 }),
  throw_circle() {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    throw circle;
  },
  throw_symbol: () => thrown(Symbol("x")),
  throw_function: () => thrown(() => 1),
  throw_nothing: () => thrown({ toJSON() {} }),
  throw_bigint: () => thrown({ big: 1n }),
  throw_proxy: () => thrown(new Proxy({}, { get: () => thrown(new Error("in the proxy")), getPrototypeOf: () => thrown(new Error("in the proxy")) })),
  throw_bare: () => thrown(Object.create(null)),
  evil_message() {
    const error = new Error("x");
    Object.defineProperty(error, "message", { get: () => thrown(new Error("in message")) });
    throw error;
  },
  evil_stack() {
    const error = new Error("x");
    Object.defineProperty(error, "stack", { get: () => thrown(new Error("in stack")) });
    throw error;
  },
  evil_stack_kind() {
    const error = new Error("x");
    error.stack = 42 as never;
    throw error;
  },
  evil_message_kind() {
    const error = new Error("x");
    error.message = { toString: () => thrown(new Error("in toString")) } as never;
    throw error;
  },
  evil_failure() {
    const error = new Failure("x", { row: -1, input: "no such input" });
    Object.defineProperty(error, "kind", { value: "no such kind" });
    throw error;
  },
  evil_failure_row: () => thrown(new InputError("x", { row: 1.5, input: 1e20 })),
  evil_failure_message() {
    const error = new InputError("x");
    error.message = 42 as never;
    throw error;
  },
  evil_cause: () => thrown(new Error("x", { cause: { get x() { return thrown(new Error("in a getter")); } } })),
  evil_endless() {
    const error = new Error("x");
    Object.defineProperty(error, "message", { get() { for (;;); } });
    throw error;
  },
};
