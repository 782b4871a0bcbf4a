/** Where lines of the bundle came from: files, and runs of lines that came from lines of a file, one after another. */
export interface Lines {
  readonly files: readonly string[];
  /** First line of the bundle, file (-1 is none), first line of the file; lines count from 1. */
  readonly runs: readonly (readonly [bundled: number, file: number, line: number])[];
}

/** Set by the build at the end of the bundle. */
const lines = (): Lines | undefined => (globalThis as { __sandglassLines?: Lines }).__sandglassLines;

/** The name that the build gives to the bundle. */
const PLACE = /[^\s()@]*sandglass-bundle\.m?js:(\d+)(?::\d+)?/g;

/** A stack whose places are those in the author's files. */
export function mapped(stack: string): string {
  const known = lines();
  return known === undefined ? stack : stack.replace(PLACE, (place, line: string) => placeOf(known, Number(line)) ?? place);
}

function placeOf({ files, runs }: Lines, bundled: number): string | undefined {
  var low = 0, high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle]![0] <= bundled) low = middle + 1;
    else high = middle;
  }
  const run = runs[low - 1];
  return run === undefined || run[1] < 0 ? undefined : `${files[run[1]]}:${run[2] + bundled - run[0]}`;
}

/** An error in its language's words, with where it came from. */
export function traceback(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${wordsOf(error)}`;
  const words = wordsOf(error), stack = mapped(error.stack ?? "").trimEnd();
  const whole = stack.includes(words) ? stack : `${words}\n${stack}`;
  return error.cause === undefined ? whole : `${whole}\ncaused by ${traceback(error.cause)}`;
}

/** `TypeError: what is wrong`. */
export function wordsOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : typeof error === "object" ? JSON.stringify(error) : String(error);
  } catch {
    return "something that cannot be shown";
  }
}
