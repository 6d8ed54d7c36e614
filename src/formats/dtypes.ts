/** Bytes of one element of each dtype of the safetensors format that fills whole bytes. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8,
} as const;

/** Name of an element type, spelled as in the file. */
export type Dtype = keyof typeof DTYPE_BYTES;

/** The element types that convert from and to float32; the others are carried as bytes. */
export type FloatDtype = 'F16' | 'BF16' | 'F32' | 'F64';

/** Whether `name` is an element type of known size. */
export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(DTYPE_BYTES, name);
}

/** Whether elements of `dtype` convert from and to float32. */
export function isFloatDtype(dtype: string): dtype is FloatDtype {
  return dtype === 'F16' || dtype === 'BF16' || dtype === 'F32' || dtype === 'F64';
}
