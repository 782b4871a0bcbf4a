// Looks for a world outside of its own.

const world = globalThis as any;

/** Has the transformation itself return a promise. */
export const returned = "return a promise";

/** What each attempt gave, or what it threw. */
export function tried(attempts: { [name: string]: () => unknown }): string {
  return Object.entries(attempts).map(([name, attempt]) => {
    try {
      const value = attempt();
      return `${name}: ${typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value)}`;
    } catch (error) {
      return `${name}: ${error}`;
    }
  }).join("\n");
}

function imported(name: string): string {
  // A string, so that the bundler leaves it alone.
  let said = "nothing yet";
  new Function("name", "done", "import(name).then((module) => done('there: ' + Object.keys(module)), (error) => done('refused: ' + error))")(
    name,
    (words: string) => { said = words; },
  );
  return said;
}

let left = "";

export const outside = {
  /** Promises without end: nobody runs what is put off. */
  threads() {
    let count = 0;
    (function again() {
      Promise.resolve().then(() => { count++; again(); });
    })();
    return `${count} ran`;
  },
  threads_flood() {
    let count = 0;
    for (let n = 0; n < 100_000; n++) Promise.resolve().then(() => count++);
    return `${count} ran`;
  },
  threads_await() {
    let done = "not yet";
    (async () => { await null; done = "went on"; left = "was done after the call"; world.console.warn(left); })();
    return `${done} ${left}`;
  },
  threads_reject() {
    Promise.reject(new Error("nobody takes it"));
    return "rejected";
  },
  threads_worker: () => tried({ Worker: () => new world.Worker("x"), SharedArrayBuffer: () => new SharedArrayBuffer(8).byteLength }),
  generators() {
    async function* endless() { for (;;) yield 1; }
    (async () => { for await (const _ of endless()); })();
    return "begun";
  },
  deadlock: () => returned,
  deadlock_atomics() {
    return String(Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0));
  },
  deadlock_atomics_timeout() {
    return String(Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0, 86_400_000));
  },
  deadlock_atomics_async: () => tried({ waitAsync: () => (Atomics as any).waitAsync(new Int32Array(new SharedArrayBuffer(8)), 0, 0) }),
  sleep: () => tried({
    setTimeout: () => world.setTimeout(() => {}, 86_400_000),
    setInterval: () => world.setInterval(() => {}, 1),
    setImmediate: () => world.setImmediate(() => {}),
    queueMicrotask: () => world.queueMicrotask(() => {}),
    requestAnimationFrame: () => world.requestAnimationFrame(() => {}),
  }),
  /** Waits for a day on a clock that stands. */
  sleep_busy() {
    const end = Date.now() + 86_400_000;
    while (Date.now() < end);
    return "waited";
  },
  clock: () => tried({
    now: () => Date.now(),
    new: () => new Date().toISOString(),
    call: () => Date(),
    reflect: () => Reflect.construct(Date, []).toISOString(),
    below: () => { class Below extends Date {} return new Below().toISOString(); },
    constructor: () => new (new Date().constructor as DateConstructor)().toISOString(),
    real: () => new (Object.getPrototypeOf(class extends Date {}) as DateConstructor)().toISOString(),
    performance: () => world.performance.now(),
    timeOrigin: () => world.performance.timeOrigin,
    zone: () => new Date(0).getTimezoneOffset(),
    local: () => new Date(0).toString(),
    locale: () => new Date(0).toLocaleString(),
    Intl: () => typeof world.Intl,
    Temporal: () => typeof world.Temporal,
    hrtime: () => world.process.hrtime(),
    realm: () => Object.keys(world.Realm ?? world.ShadowRealm ?? {}),
  }),
  /** The engine's own `Date`, by what it made before it was replaced. */
  clock_real: () => tried({
    species: () => new (Object.getOwnPropertyDescriptor(Date.prototype, "constructor")!.value)().toISOString(),
    parse: () => new Date("12:00").toString(),
    local: () => new Date(2024, 0, 1).toISOString(),
    string: () => new Date(0).toLocaleTimeString(),
  }),
  clock_intrinsic: () => new Function("return new (class { static d = Object.getPrototypeOf(Date.prototype) })")().toString(),
  random: () => tried({
    random: () => [Math.random(), Math.random()],
    getRandomValues: () => [...world.crypto.getRandomValues(new Uint8Array(4))],
    randomUUID: () => world.crypto.randomUUID(),
    subtle: () => typeof world.crypto.subtle,
  }),
  hash_order: () => tried({
    object: () => Object.keys({ b: 1, a: 2, 2: 3, 1: 4 }),
    set: () => [...new Set(["b", "a"])],
    symbol: () => Symbol("x").toString(),
    stack: () => new Error("x").stack,
    function: () => tried.toString().slice(0, 40),
  }),
  file: () => tried({
    require: () => world.require("fs"),
    std: () => world.std.open("/etc/passwd", "r"),
    os: () => world.os.open("/etc/passwd"),
    loadFile: () => world.std.loadFile("/etc/passwd"),
    loadScript: () => world.loadScript("/etc/passwd"),
    read: () => world.read("/etc/passwd"),
    Deno: () => world.Deno.readTextFileSync("/etc/passwd"),
    localStorage: () => world.localStorage.getItem("x"),
    "fs by import": () => imported("fs"),
  }),
  environment: () => tried({
    argv: () => world.process.argv,
    env: () => world.process.env,
    scriptArgs: () => world.scriptArgs,
    navigator: () => world.navigator,
    location: () => world.location,
    meta: () => new Function("return import.meta")(),
    globals: () => Object.getOwnPropertyNames(globalThis).join(" "),
    files: () => world.__sandglassLines?.files,
  }),
  socket: () => tried({
    fetch: () => world.fetch("http://127.0.0.1/"),
    XMLHttpRequest: () => new world.XMLHttpRequest(),
    WebSocket: () => new world.WebSocket("ws://127.0.0.1"),
    EventSource: () => new world.EventSource("http://127.0.0.1"),
  }),
  process: () => tried({
    child: () => world.require("child_process"),
    exec: () => world.os.exec(["id"]),
    kill: () => world.process.kill(1),
  }),
  import_native: () => tried({ fs: () => imported("fs"), node: () => imported("node:fs"), std: () => imported("std"), qjs: () => imported("qjs:std"), wit: () => imported("sandglass:transform/log@0.1.0"), left: () => left }),
  import_wasm: () => tried({ WebAssembly: () => typeof world.WebAssembly }),
  eval: () => tried({ eval: () => (0, eval)("1 + 1"), Function: () => new Function("return typeof this")(), syntax: () => (0, eval)("1 +") }),
  exit: () => tried({ process: () => world.process.exit(3), std: () => world.std.exit(3), quit: () => world.quit(3), os: () => world.os._exit(3) }),
  abort: () => tried({ process: () => world.process.abort(), gc: () => world.gc?.(), debugger: () => { debugger; return "went on"; } }),
};
