import { wellFormed } from "./text.js";
/** Outside of a component and of a test messages go to stderr. */
var sink = (level, message) => globalThis.console?.error(`${level}: ${message}`);
/** From here on messages go there. Answers where they went until now. */
export function logTo(next) {
    const before = sink;
    sink = next;
    return before;
}
/** Keeps messages until there is somewhere to send them; answers them once they are asked for. */
export function keepLog() {
    const kept = [];
    logTo((level, message) => kept.push([level, message]));
    return () => kept.splice(0);
}
function write(level, parts) {
    sink(level, wellFormed(format(parts)));
}
/** Hands messages to the host. `console` does the same: `console.log` is {@link log.info}. */
export const log = {
    /** For whoever writes the transformation. */
    debug: (...parts) => write("debug", parts),
    /** For whoever runs it. */
    info: (...parts) => write("info", parts),
    /** Something is odd. */
    warn: (...parts) => write("warn", parts),
    /** Something is wrong. */
    error: (...parts) => write("error", parts),
};
/** The methods of `console` that programs call; what only changes how it looks does nothing. */
export const guestConsole = {
    ...log,
    log: log.info,
    dir: log.info,
    table: log.info,
    trace: log.debug,
    assert(isTrue, ...parts) {
        if (!isTrue)
            log.error("assertion failed", ...parts);
    },
    group: log.info,
    groupEnd() { },
    time() { },
    timeEnd() { },
    timeLog() { },
    count() { },
    clear() { },
};
/** `console` is the host's log; answers what undoes it. */
export function installConsole() {
    const global = globalThis, before = global.console;
    global.console = guestConsole;
    return () => {
        global.console = before;
    };
}
/** Parts in one line, as `console.log` writes them: `%s` and its like in the first, and else a blank between. */
function format(parts) {
    var rest = parts, text = "";
    if (typeof parts[0] === "string" && parts.length > 1 && parts[0].includes("%")) {
        var next = 1;
        text = parts[0].replace(/%([sdifjoOc%])/g, (all, kind) => {
            if (kind === "%")
                return "%";
            if (next >= parts.length)
                return all;
            const part = parts[next++];
            if (kind === "c")
                return "";
            if (kind === "d" || kind === "f")
                return typeof part === "bigint" ? `${part}n` : String(Number(part));
            if (kind === "i")
                return typeof part === "bigint" ? `${part}n` : String(Math.trunc(Number(part)));
            return kind === "s" ? String(part) : shown(part);
        });
        rest = parts.slice(next);
        if (rest.length > 0)
            text += " ";
    }
    return text + rest.map((part) => (typeof part === "string" ? part : shown(part))).join(" ");
}
function shown(value, depth = 0) {
    switch (typeof value) {
        case "string":
            return JSON.stringify(value);
        case "bigint":
            return `${value}n`;
        case "function":
            return `[function ${value.name || "without a name"}]`;
        case "object":
            return value === null ? "null" : shownObject(value, depth);
        default:
            return String(value);
    }
}
const DEPTH_MAX = 4, ENTRIES_MAX = 100;
function shownObject(value, depth) {
    if (value instanceof Error)
        return value.stack?.includes(value.message) ? value.stack : `${value.name}: ${value.message}\n${value.stack ?? ""}`;
    if (value instanceof Date)
        return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (value instanceof RegExp)
        return String(value);
    if (depth === DEPTH_MAX)
        return "…";
    const inner = (part) => shown(part, depth + 1);
    const some = (parts) => (parts.length > ENTRIES_MAX ? `${parts.slice(0, ENTRIES_MAX).join(", ")}, …` : parts.join(", "));
    if (value instanceof Map)
        return `Map {${some(Array.from(value, ([key, part]) => `${inner(key)} => ${inner(part)}`))}}`;
    if (value instanceof Set)
        return `Set {${some(Array.from(value, inner))}}`;
    if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
        return `[${some(Array.from(value).slice(0, ENTRIES_MAX + 1).map(inner))}]`;
    }
    return `{${some(Object.entries(value).map(([name, part]) => `${name}: ${inner(part)}`))}}`;
}
