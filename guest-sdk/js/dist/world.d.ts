/** The clock and the random numbers of a run: what they answer follows from its context alone. */
/** Where one run's clock stands, and where its random numbers are. */
export interface World {
    readonly now: number;
    seed: number;
}
/** A world at a time in microseconds since 1970. */
export declare function worldAt(micros: bigint): World;
/** From here on the clock and the random numbers are those of this world. Answers the world until now. */
export declare function enter(next: World): World;
/** Floats in `[0, 1)`, the same in each run: mulberry32. */
export declare function random(): number;
/** What the world answers under the names by which programs ask. */
export declare const standing: {
    Date: DateConstructor;
    random: typeof random;
};
/** Makes `Date` and `Math.random` those of the world; answers what undoes it. */
export declare function installWorld(): () => void;
