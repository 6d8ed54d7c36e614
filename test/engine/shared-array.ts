type Numbers = Float64Array | Float32Array | Uint8Array | Uint32Array | Int32Array;

/** A typed array on shared memory, as the library hands to its engines. */
export function sharedArray<T extends Numbers>(
  Type: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  values: number | ArrayLike<number>,
): T {
  const length = typeof values === 'number' ? values : values.length;
  const array = new Type(new SharedArrayBuffer(length * Type.BYTES_PER_ELEMENT));
  if (typeof values !== 'number') array.set(values);
  return array;
}
