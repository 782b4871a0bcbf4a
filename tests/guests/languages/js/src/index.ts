// What a careless or a hostile author could do in TypeScript or JavaScript, by words. No word is answered by more than an error of its
// own run.
import { component, input, InputError, row, timestamp, utf8 } from "sandglass-guest";

import { greedy } from "./greedy.ts";
import { innards } from "./innards.ts";
import { outside, returned } from "./outside.ts";
import { talkative } from "./talkative.ts";

const words: { [word: string]: () => unknown } = { ...greedy, ...outside, ...talkative, ...innards };

export const misbehaves = row({
  name: "misbehaves",
  doc: "Does what each row says.",
  input: input("rows", [utf8("what"), timestamp("timestamp")]),
  output: [utf8("what"), utf8("said"), timestamp("timestamp")],
  emit(_, rows, out) {
    for (let at = 0; at < rows.rows; at++) {
      const word = rows.columns.what.get(at), act = words[word];
      if (act === undefined) throw new InputError(`there is no word \`${word}\`; there are ${Object.keys(words).join(", ")}`, { row: at });
      const said = act();
      if (said === returned) return asynchronous() as never;
      out.emit(at, word, said as string, rows.columns.timestamp.get(at));
    }
  },
});


async function asynchronous(): Promise<void> {
  await new Promise(() => {});
}

export default component([misbehaves]);
