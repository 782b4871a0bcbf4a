/**
 * What programs find in the engine, made to answer harmlessly or to fail in words; imported before an author's files. The engine's
 * own clock would be that of the machine that builds, and traps later.
 */
/** What was logged while the component was built, when there was no host: it is told when the component is first called. */
export declare const early: () => [import("./console.js").Level, string][];
