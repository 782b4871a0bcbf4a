import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "sandglass-guest/testing";

import { orderDetails } from "./index.ts";

test("an order without items has no price", () => {
  const { rows } = run(orderDetails, {
    orders: [
      { customer_id: 1, ordered_at: 0, items: 4, amount: 10 },
      { customer_id: 2, ordered_at: 0, items: 0, amount: 0 },
    ],
  });
  assert.deepEqual(rows.map(({ price_per_item }) => price_per_item), [2.5, null]);
});

test("an order of a negative amount is rejected", () => {
  const orders = [{ customer_id: 1, ordered_at: 0, items: 1, amount: -5 }];
  assert.deepEqual(run(orderDetails, { orders }).rejected, [{ row: 0, reason: "an amount of -5" }]);
});

test("large is what the parameter says", () => {
  const orders = [{ customer_id: 1, ordered_at: 0, items: 1, amount: 50 }];
  const isLarge = (large_from: number) => run(orderDetails, { orders }, { parameters: { large_from } }).rows[0]?.is_large;
  assert.deepEqual([isLarge(50), isLarge(50.01)], [true, false]);
});
