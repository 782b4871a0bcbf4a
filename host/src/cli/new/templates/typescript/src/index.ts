/** Transformations of orders. */

import { boolean, component, float64, input, int64, parameter, row, timestamp } from "sandglass-guest";

/** What a single order tells. */
export const orderDetails = row({
  name: "order_details",
  doc: "Price per item and size of each order.",
  input: input("orders", [int64("customer_id"), timestamp("ordered_at"), int64("items"), float64("amount")]),
  parameters: {
    large_from: parameter.float64({ default: 100, doc: "The amount from which on an order is large." }),
  },
  output: [int64("customer_id"), timestamp("ordered_at"), float64("price_per_item").nullable(), boolean("is_large")],
  emit(context, orders, out) {
    const { large_from } = context.parameters;
    const { customer_id, ordered_at, items, amount } = orders.columns;
    for (let at = 0; at < orders.rows; at++) {
      const paid = amount.get(at), count = Number(items.get(at));
      if (paid < 0) {
        out.reject(at, `an amount of ${paid}`);
        continue;
      }
      const price = count > 0 ? paid / count : null;
      out.emit(at, customer_id.get(at), ordered_at.get(at), price, paid >= large_from);
    }
  },
});

export default component([orderDetails]);
