/** The clock and the random numbers of a run: what they answer follows from its context alone. */
const SEED = 0x5a9d6c1b;
/** A world at a time in microseconds since 1970. */
export function worldAt(micros) {
    return { now: Number(micros / 1000n), seed: SEED };
}
/** Until a run is opened, and in streaming, it is 1970. */
var world = worldAt(0n);
/** From here on the clock and the random numbers are those of this world. Answers the world until now. */
export function enter(next) {
    const before = world;
    world = next;
    return before;
}
/** Floats in `[0, 1)`, the same in each run: mulberry32. */
export function random() {
    world.seed = (world.seed + 0x6d2b79f5) | 0;
    var z = Math.imul(world.seed ^ (world.seed >>> 15), world.seed | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
}
const Real = Date;
/** `Date` whose now is the world's. */
function StandingDate(...given) {
    if (new.target === undefined)
        return new Real(world.now).toString();
    return Reflect.construct(Real, given.length === 0 ? [world.now] : given, new.target);
}
StandingDate.prototype = Real.prototype;
Object.defineProperty(StandingDate, "length", { value: Real.length });
Object.defineProperty(StandingDate, "name", { value: "Date" });
StandingDate.UTC = Real.UTC;
StandingDate.parse = Real.parse;
StandingDate.now = () => world.now;
/** What the world answers under the names by which programs ask. */
export const standing = { Date: StandingDate, random };
/** Makes `Date` and `Math.random` those of the world; answers what undoes it. */
export function installWorld() {
    const before = { Date: globalThis.Date, random: Math.random, constructor: Real.prototype.constructor };
    globalThis.Date = standing.Date;
    Math.random = standing.random;
    Real.prototype.constructor = standing.Date;
    return () => {
        globalThis.Date = before.Date;
        Math.random = before.random;
        Real.prototype.constructor = before.constructor;
    };
}
