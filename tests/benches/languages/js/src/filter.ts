import { float64, input, int64, parameter, row } from "sandglass-guest";

const AMOUNTS = [int64("id"), float64("amount")] as const;
const PARAMETERS = { limit: parameter.float64({ default: 0.5 }) };

export const filter = row({
  name: "filter",
  input: input("rows", AMOUNTS),
  parameters: PARAMETERS,
  output: AMOUNTS,
  run: (context, batch) => batch.keep(batch.columns.amount.where(">", context.parameters.limit)),
});

export const filterPlain = row({
  name: "filter_plain",
  input: input("rows", AMOUNTS),
  parameters: PARAMETERS,
  output: AMOUNTS,
  run(context, batch) {
    const { limit } = context.parameters, { values } = batch.columns.amount, rows: number[] = [];
    for (let row = 0; row < values.length; row++) {
      if (values[row]! > limit) rows.push(row);
    }
    return batch.keep(rows);
  },
});
