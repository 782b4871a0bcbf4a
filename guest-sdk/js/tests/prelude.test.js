// In a process of its own: the prelude changes what the whole engine has.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const prelude = fileURLToPath(new URL("../dist/prelude.js", import.meta.url));

/** What an expression is once the prelude has run. */
function after(expression) {
  const script = `
    import { writeSync } from "node:fs";
    await import(${JSON.stringify(prelude)});
    let made;
    try { made = ${expression}; } catch (error) { made = String(error); }
    writeSync(1, JSON.stringify(made));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

test("clocks stand, random numbers are fixed", () => {
  assert.deepEqual(after("[Date.now(), new Date().toISOString(), performance.now(), typeof Math.random()]"), [0, "1970-01-01T00:00:00.000Z", 0, "number"]);
  assert.equal(after("Math.random()"), after("Math.random()"));
  assert.deepEqual(after("[...crypto.getRandomValues(new Uint8Array(4))]"), after("[...crypto.getRandomValues(new Uint8Array(4))]"));
});

test("what is not there says so", () => {
  assert.equal(after("setTimeout(() => {}, 5)"), "Error: setTimeout: there are no timers in a transformation");
  assert.match(after("fetch('http://localhost')"), /^Error: fetch: there is no network in a transformation/);
  assert.equal(after("clearTimeout(5) ?? null"), null);
});

test("dates behave", () => {
  assert.deepEqual(after("[new Date(2020, 0, 1) instanceof Date, Date.UTC(2020, 0), Date.parse('2020-01-01'), Date.length, Date.name, new Date(5).constructor === Date, typeof Date()]"), [true, 1577836800000, 1577836800000, 7, "Date", true, "string"]);
  assert.equal(after("new (class Day extends Date { next() { return this.getTime() + 1; } })().next()"), 1);
});
