/**
 * What programs find in the engine, made to answer harmlessly or to fail in words; imported before an author's files. The engine's
 * own clock would be that of the machine that builds, and traps later.
 */
import { installConsole, keepLog } from "./console.js";
import { decodeText, encodeText } from "./text.js";
import { installWorld, standing } from "./world.js";
/** Some are getters without setters. */
function define(name, value) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
installWorld();
installConsole();
/** What was logged while the component was built, when there was no host: it is told when the component is first called. */
export const early = keepLog();
/** Time stands still: what measures it measures nothing. */
define("performance", { now: () => 0, timeOrigin: 0, mark() { }, measure() { }, toJSON: () => ({}) });
const missing = {
    setTimeout: "there are no timers in a transformation",
    setInterval: "there are no timers in a transformation",
    setImmediate: "there are no timers in a transformation",
    queueMicrotask: "nothing runs later in a transformation",
    fetch: "there is no network in a transformation: bring what it needs in as an input",
    XMLHttpRequest: "there is no network in a transformation: bring what it needs in as an input",
    WebSocket: "there is no network in a transformation: bring what it needs in as an input",
};
for (const [name, why] of Object.entries(missing)) {
    // Some are called with `new`, which an arrow function cannot be.
    define(name, function () {
        throw new Error(`${name}: ${why}`);
    });
}
for (const name of ["clearTimeout", "clearInterval", "clearImmediate"])
    define(name, () => { });
/** As random as `Math.random`. */
define("crypto", {
    getRandomValues(array) {
        const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
        for (var i = 0; i < bytes.length; i++)
            bytes[i] = standing.random() * 256;
        return array;
    },
});
class Encoder {
    encoding = "utf-8";
    encode(text = "") {
        return encodeText(String(text));
    }
}
class Decoder {
    encoding = "utf-8";
    constructor(label = "utf-8") {
        if (!/^utf-?8$/i.test(label))
            throw new RangeError(`there is no decoder for ${label}, only for utf-8`);
    }
    decode(bytes = new Uint8Array(0)) {
        return decodeText(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    }
}
if (!("TextEncoder" in globalThis))
    define("TextEncoder", Encoder);
if (!("TextDecoder" in globalThis))
    define("TextDecoder", Decoder);
