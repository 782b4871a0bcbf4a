import { float64, input, int64, keyed, timestamp } from "sandglass-guest";

export const perKey = keyed({
  name: "per_key",
  inputs: [input("rows", [int64("key"), timestamp("time"), float64("amount")], { keys: ["key"] })],
  output: [int64("key"), int64("count"), float64("sum"), float64("most")],
  emit(_, group, out) {
    const { values } = group.rows.rows.columns.amount, count = values.length;
    let sum = 0, most = -Infinity;
    for (let row = 0; row < count; row++) {
      const amount = values[row]!;
      sum += amount;
      if (amount > most) most = amount;
    }
    out.emit(group.key[0], count, sum, most);
  },
});
