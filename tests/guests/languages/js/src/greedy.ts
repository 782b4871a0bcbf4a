// Takes time and memory without end.

import { log } from "sandglass-guest";

export const greedy = {
  loop() {
    for (;;);
  },
  regex: () => String(/^(a+)+$/.test("a".repeat(64) + "b")),
  regex_class: () => String(/^(\w+\s?)*$/.test("word ".repeat(40) + "!")),
  sort() {
    const numbers = Array.from({ length: 1_000_000 }, (_, n) => -n);
    numbers.sort((left, right) => {
      for (;;) [left, right] = [right, left];
    });
    return String(numbers[0]);
  },
  power: () => String((3n ** 300_000_000n) % 7n),
  power_squares() {
    let number = 3n;
    for (;;) number *= number;
  },
  power_text() {
    let number = 3n;
    for (let n = 0; n < 19; n++) number *= number;
    return String(number.toString().length);
  },
  memory() {
    const held = [];
    for (;;) held.push(new Uint8Array(1 << 20).fill(7));
  },
  memory_objects() {
    let held: unknown = null;
    for (;;) held = { held };
  },
  memory_text() {
    let text = "x";
    for (;;) text += text;
  },
  memory_at_once: () => String(new Uint8Array(3_000_000_000).length),
  memory_at_once_text: () => String("x".repeat(1_000_000_000).length),
  memory_at_once_array: () => String(new Array(4_294_967_295).fill(0).length),
  memory_caught() {
    const held: Uint8Array[] = [];
    try {
      for (;;) held.push(new Uint8Array(1 << 20).fill(7));
    } catch (error) {
      const count = held.length;
      held.length = 0;
      return `${count} MiB and ${error}`;
    }
  },
  memory_garbage() {
    let held: unknown;
    for (let n = 0; n < 2_000; n++) {
      const left: unknown[] = [new Uint8Array(1 << 20)];
      left.push(left);
      held = left;
    }
    return String(typeof held);
  },
  recursion: () => String(recursion(0)),
  recursion_depth() {
    (function deeper(n: number): number {
      if (n % 100 === 0) log.warn(`${n} deep`);
      return deeper(n + 1) + 1;
    })(1);
  },
  /** Objects in circles, all of them garbage. */
  memory_cycles() {
    for (let n = 0; n < 300_000; n++) {
      const left: { right?: unknown; text: string } = { text: `number ${n} ${"x".repeat(1000)}` };
      left.right = { left };
    }
    return "done";
  },
  /** The same without a circle. */
  memory_dropped() {
    let held: unknown;
    for (let n = 0; n < 2_000; n++) held = [new Uint8Array(1 << 20)];
    return String(typeof held);
  },
  recursion_caught() {
    function depth(n: number): number {
      try {
        return depth(n + 1);
      } catch {
        return n;
      }
    }
    return String(depth(0));
  },
  /** Nests deeper than C's stack may be, in the parts that C wrote. */
  recursion_native() {
    const said = [];
    for (const [name, dive] of Object.entries({
      "JSON.parse": () => JSON.parse("[".repeat(100_000) + "]".repeat(100_000)),
      "JSON.stringify": () => JSON.stringify(nested(100_000)),
      toString: () => String(nested(100_000)),
      flat: () => (nested(100_000) as unknown[]).flat(Infinity),
      regex: () => new RegExp("(".repeat(100_000) + ")".repeat(100_000)),
      eval: () => new Function("return " + "(".repeat(100_000) + "1" + ")".repeat(100_000))(),
      concat: () => {
        let text = "";
        for (let n = 0; n < 1_000_000; n++) text = `x${text}`;
        return text.length;
      },
    })) {
      try {
        const answer = dive();
        said.push(`${name}: ${typeof answer}`);
      } catch (error) {
        said.push(`${name}: ${String(error).slice(0, 80)}`);
      }
    }
    return said.join("; ");
  },
  recursion_proxy() {
    const handler: ProxyHandler<object> = {};
    const proxy: object = new Proxy({}, handler);
    Object.setPrototypeOf(handler, proxy);
    return String((proxy as { x: unknown }).x);
  },
  recursion_getter() {
    const object = {
      get again(): unknown {
        return this.again;
      },
    };
    return String(object.again);
  },
  recursion_sort(): string {
    return String([3, 2, 1].sort(() => Number(greedy.recursion_sort())));
  },
  recursion_replace(): string {
    return "x".replace(/x/, () => greedy.recursion_replace());
  },
  recursion_stringify(): string {
    return JSON.stringify({ toJSON: () => greedy.recursion_stringify() });
  },
  finalizers() {
    const registry = new FinalizationRegistry(() => {
      for (;;);
    });
    for (let n = 0; n < 1000; n++) registry.register({}, n);
    return "registered";
  },
  weak() {
    const weak = new WeakRef({});
    return String(weak.deref());
  },
};

function recursion(n: number): number {
  return recursion(n + 1) + 1;
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let n = 0; n < depth; n++) value = [value];
  return value;
}
