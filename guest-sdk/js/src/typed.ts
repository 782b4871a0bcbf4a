/** The typed arrays of kinds whose values are numbers. */
export const NUMBERS: { readonly [tag: string]: NumberArray } = {
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
export const BIGINTS: { readonly [tag: string]: BigIntArray } = {
  int64: BigInt64Array,
  uint64: BigUint64Array,
  timestamp: BigInt64Array,
  duration: BigInt64Array,
};

type NumberArray =
  | Int8ArrayConstructor | Int16ArrayConstructor | Int32ArrayConstructor
  | Uint8ArrayConstructor | Uint16ArrayConstructor | Uint32ArrayConstructor
  | Float32ArrayConstructor | Float64ArrayConstructor;

type BigIntArray = BigInt64ArrayConstructor | BigUint64ArrayConstructor;
