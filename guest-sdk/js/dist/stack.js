/** Set by the build at the end of the bundle. */
const lines = () => globalThis.__sandglassLines;
/** The name that the build gives to the bundle. */
const PLACE = /[^\s()@]*sandglass-bundle\.m?js:(\d+)(?::\d+)?/g;
/** A stack whose places are those in the author's files. */
export function mapped(stack) {
    const known = lines();
    return known === undefined ? stack : stack.replace(PLACE, (place, line) => placeOf(known, Number(line)) ?? place);
}
function placeOf({ files, runs }, bundled) {
    var low = 0, high = runs.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (runs[middle][0] <= bundled)
            low = middle + 1;
        else
            high = middle;
    }
    const run = runs[low - 1];
    return run === undefined || run[1] < 0 ? undefined : `${files[run[1]]}:${run[2] + bundled - run[0]}`;
}
/** An error in its language's words, with where it came from. */
export function traceback(error) {
    if (!(error instanceof Error))
        return `thrown: ${wordsOf(error)}`;
    const words = wordsOf(error), stack = mapped(error.stack ?? "").trimEnd();
    const whole = stack.includes(words) ? stack : `${words}\n${stack}`;
    return error.cause === undefined ? whole : `${whole}\ncaused by ${traceback(error.cause)}`;
}
/** `TypeError: what is wrong`. */
export function wordsOf(error) {
    try {
        return error instanceof Error ? `${error.name}: ${error.message}` : typeof error === "object" ? JSON.stringify(error) : String(error);
    }
    catch {
        return "something that cannot be shown";
    }
}
