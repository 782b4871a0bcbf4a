/** The typed arrays of kinds whose values are numbers. */
export declare const NUMBERS: {
    readonly [tag: string]: NumberArray;
};
/** The typed arrays of kinds whose values are BigInts. */
export declare const BIGINTS: {
    readonly [tag: string]: BigIntArray;
};
type NumberArray = Int8ArrayConstructor | Int16ArrayConstructor | Int32ArrayConstructor | Uint8ArrayConstructor | Uint16ArrayConstructor | Uint32ArrayConstructor | Float32ArrayConstructor | Float64ArrayConstructor;
type BigIntArray = BigInt64ArrayConstructor | BigUint64ArrayConstructor;
export {};
