/** The typed arrays that a lease hands out, by kind. */
export interface ArrayKinds {
  float64: Float64Array;
  float32: Float32Array;
  uint32: Uint32Array;
  int32: Int32Array;
  uint8: Uint8Array;
}

export type ArrayKind = keyof ArrayKinds;

/** Arrays by name: what each holds, and how many elements. */
export type ArrayPlan = Readonly<Record<string, readonly [kind: ArrayKind, length: number]>>;

/** The arrays of a plan. */
export type PlannedArrays<P extends ArrayPlan> = { [K in keyof P]: ArrayKinds[P[K][0]] };

export const ELEMENT_BYTES: Readonly<Record<ArrayKind, number>> = {
  float64: 8,
  float32: 4,
  uint32: 4,
  int32: 4,
  uint8: 1,
};

/** Bytes that the arrays of a plan take. */
export function plannedBytes(plan: ArrayPlan): number {
  return Object.values(plan).reduce((sum, [kind, length]) => {
    return sum + ELEMENT_BYTES[kind] * length;
  }, 0);
}
