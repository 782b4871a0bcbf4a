/** The typed arrays of kinds whose values are numbers. */
export const NUMBERS = {
    int8: Int8Array,
    int16: Int16Array,
    int32: Int32Array,
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
    float32: Float32Array,
    float64: Float64Array,
    date32: Int32Array,
};
/** The typed arrays of kinds whose values are BigInts. */
export const BIGINTS = {
    int64: BigInt64Array,
    uint64: BigUint64Array,
    timestamp: BigInt64Array,
    duration: BigInt64Array,
};
