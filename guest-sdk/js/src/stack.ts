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

/** Errors of a chain of causes, and characters of an error's words, that are shown. */
const CHAIN_MAX = 16, WORDS_MAX = 4000;

/** An error in its language's words, with where it came from and what caused it. */
export function traceback(error: unknown): string {
  const parts: string[] = [], seen = new Set<unknown>();
  var next = error;
  do {
    seen.add(next);
    parts.push(single(next));
    next = causeOf(next);
  } while (next !== undefined && !seen.has(next) && parts.length < CHAIN_MAX);
  return parts.join("\ncaused by ");
}

function single(error: unknown): string {
  const words = wordsOf(error);
  try {
    if (!(error instanceof Error)) return `thrown: ${words}`;
    const stack = mapped(String(error.stack ?? "").slice(0, WORDS_MAX)).trimEnd();
    return stack.includes(words) ? stack : `${words}\n${stack}`;
  } catch {
    return words;
  }
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined;
  } catch {
    return undefined;
  }
}

/** `TypeError: what is wrong`. */
export function wordsOf(error: unknown): string {
  try {
    const words = error instanceof Error ? named(error) : typeof error === "object" ? JSON.stringify(error) : String(error);
    return words === undefined ? "something that cannot be shown" : cut(words);
  } catch {
    return "something that cannot be shown";
  }
}

function named({ name, message }: Error): string {
  return `${cut(String(name))}: ${cut(String(message))}`;
}

function cut(text: string): string {
  return text.length <= WORDS_MAX ? text : `${text.slice(0, WORDS_MAX)} […]`;
}
