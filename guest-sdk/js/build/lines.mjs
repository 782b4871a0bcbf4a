// Where the lines of a bundle came from, as the SDK's `stack.ts` reads it: much smaller than the source map that it is made of.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The numbers of one segment of a source map. */
function numbers(segment) {
  const found = [];
  let value = 0, shift = 0;
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    found.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = shift = 0;
  }
  return found;
}

/** Files, and runs of lines that came from lines of one file one after another; see `Lines` in `stack.ts`. */
export function linesOf({ sources, mappings }, nameOf) {
  const runs = [];
  let source = 0, line = 0, last = null;
  for (const [index, segments] of mappings.split(";").entries()) {
    let first = null;
    for (const segment of segments.split(",")) {
      const [, sourceStep, lineStep] = numbers(segment);
      if (sourceStep === undefined) continue;
      source += sourceStep;
      line += lineStep;
      first ??= [source, line + 1];
    }
    const bundled = index + 1, [file, start] = first ?? [-1, 0];
    const goesOn = last !== null && last[1] === file && (file < 0 || last[2] + bundled - last[0] === start);
    if (!goesOn) runs.push((last = [bundled, file, start]));
  }
  return { files: sources.map(nameOf), runs };
}

/** Text with places in the bundle turned into places in the files. */
export function mappedText(text, { files, runs }) {
  return text.replace(/[^\s()@]*sandglass-bundle\.m?js:(\d+)(?::\d+)?/g, (place, line) => {
    const run = runs.findLast(([bundled]) => bundled <= Number(line));
    return run === undefined || run[1] < 0 ? place : `${files[run[1]]}:${run[2] + Number(line) - run[0]}`;
  });
}
