import { float64, input, int64, keyed, timestamp } from "sandglass-guest";

const DAY_US = 86_400_000_000n;

/** Recency, frequency and monetary value of each customer who bought in the range. */
export const customerRfm = keyed({
  name: "customer_rfm",
  doc: "Recency, frequency and monetary value over the purchases in range, at the end of the interval.",
  inputs: [
    input("purchases", [int64("customer_id"), timestamp("timestamp"), float64("amount").nullable()], { keys: ["customer_id"] }),
  ],
  output: [int64("customer_id"), timestamp("timestamp"), int64("recency_days"), int64("frequency"), float64("monetary")],
  emit(context, group, out) {
    const { end } = context.interval, { purchases } = group.rows;
    // Sorted by time, so the last row is the latest purchase.
    const latest = purchases.columns.timestamp.get(purchases.rows - 1);
    // Days that have passed, and those of a purchase after the end are below zero: BigInts divide towards zero.
    const recency = (end - latest - (end < latest ? DAY_US - 1n : 0n)) / DAY_US;
    out.emit(group.key[0], end - 1n, recency, purchases.rows, purchases.columns.amount.sum());
  },
});
