import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "sandglass-guest/testing";

import { customerRfm } from "./customer_rfm.ts";

const DAY = 86_400_000_000n;

function rfm(purchases: readonly { customer_id: number; timestamp: bigint; amount: number | null }[], end: bigint) {
  return run(customerRfm, { purchases }, { interval: [end - DAY, end], ranges: { purchases: [end - 90n * DAY, end] } }).rows;
}

test("values of each customer", () => {
  const end = 100n * DAY;
  const rows = rfm([
    { customer_id: 1, timestamp: 98n * DAY + 1n, amount: 1.5 },
    { customer_id: 2, timestamp: 99n * DAY, amount: 5 },
    { customer_id: 1, timestamp: 10n * DAY, amount: null },
    { customer_id: 3, timestamp: end - 1n, amount: 0.1 },
  ], end);
  // A purchase exactly one day before the end is one day ago, a microsecond later it is none.
  assert.deepEqual(rows, [
    { customer_id: 1n, timestamp: end - 1n, recency_days: 1n, frequency: 2n, monetary: 1.5 },
    { customer_id: 2n, timestamp: end - 1n, recency_days: 1n, frequency: 1n, monetary: 5 },
    { customer_id: 3n, timestamp: end - 1n, recency_days: 0n, frequency: 1n, monetary: 0.1 },
  ]);
});

test("amounts are added in the order of time", () => {
  const rows = rfm([
    { customer_id: 7, timestamp: 3n, amount: 0.3 },
    { customer_id: 7, timestamp: 1n, amount: 0.1 },
    { customer_id: 7, timestamp: 2n, amount: 0.2 },
  ], 10n * DAY);
  assert.equal(rows[0]?.monetary, 0.1 + 0.2 + 0.3);
});

test("nobody without a purchase", () => {
  assert.deepEqual(rfm([], DAY), []);
});

test("days are whole ones, before the end and after it", () => {
  const recency = (timestamp: bigint) => rfm([{ customer_id: 1, timestamp, amount: 1 }], 0n)[0]?.recency_days;
  assert.deepEqual([-DAY, -DAY + 1n, -1n, 0n, 1n, DAY, DAY + 1n].map(recency), [1n, 0n, 0n, 0n, -1n, -1n, -2n]);
});
