import { aligned, float64, input } from "sandglass-guest";

const CONSTANTS = Float64Array.from({ length: 25 }, (_, place) => 1 / (place + 1));

export const flops = aligned({
  name: "flops",
  input: input("rows", [float64("x")]),
  output: [float64("y")],
  run(_, { columns }) {
    const xs = columns.x.values, ys = new Float64Array(xs.length);
    for (let row = 0; row < xs.length; row++) {
      const x = xs[row]!;
      let y = 0;
      for (let place = 0; place < 25; place++) y = y * x + CONSTANTS[place]!;
      ys[row] = y;
    }
    return { y: ys };
  },
});
