import { aligned, input, int64, utf8 } from "sandglass-guest";

export const text = aligned({
  name: "text",
  input: input("rows", [utf8("address").nullable()]),
  output: [utf8("domain").nullable(), int64("length").nullable()],
  run(_, { rows, columns: { address: addresses } }) {
    const { offsets } = addresses, domains: (string | null)[] = [], lengths: (number | null)[] = [];
    for (let row = 0; row < rows; row++) {
      const address = addresses.get(row);
      if (address === null) {
        domains[row] = lengths[row] = null;
        continue;
      }
      const at = address.lastIndexOf("@"), length = offsets[row + 1]! - offsets[row]!;
      domains[row] = at < 0 ? null : lower(address.substring(at + 1), length === address.length);
      lengths[row] = length;
    }
    return { domain: domains, length: lengths };
  },
});

/** With the letters of ASCII in lower case, and no others. */
function lower(text: string, isAscii: boolean): string {
  return isAscii ? text.toLowerCase() : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
