/** How much a message matters: for whoever writes the transformation, for whoever runs it, something is odd, something is wrong. */
export type Level = "debug" | "info" | "warn" | "error";
/** Where messages go. */
export type Sink = (level: Level, message: string) => void;
/** From here on messages go there. Answers where they went until now. */
export declare function logTo(next: Sink): Sink;
/** Keeps messages until there is somewhere to send them; answers them once they are asked for. */
export declare function keepLog(): () => [Level, string][];
/** Hands messages to the host. `console` does the same: `console.log` is {@link log.info}. */
export declare const log: {
    /** For whoever writes the transformation. */
    debug: (...parts: unknown[]) => void;
    /** For whoever runs it. */
    info: (...parts: unknown[]) => void;
    /** Something is odd. */
    warn: (...parts: unknown[]) => void;
    /** Something is wrong. */
    error: (...parts: unknown[]) => void;
};
/** The methods of `console` that programs call; what only changes how it looks does nothing. */
export declare const guestConsole: {
    [method: string]: (...parts: unknown[]) => void;
};
/** `console` is the host's log; answers what undoes it. */
export declare function installConsole(): () => void;
