import type { AxisOrder } from './kernels.js';

/** The model's index of weight c in block order. */
export function modelIndex({ outputs, before, after, places }: AxisOrder, c: number): number {
  const place = places === undefined ? c : places[c];
  if (before === 1) return place;
  const inner = before * after;
  const rest = place % inner;
  return (Math.floor(rest / after) * outputs + Math.floor(place / inner)) * after + (rest % after);
}

/** Weights of the model's tensor. */
export function modelSize({ outputs, before, after }: AxisOrder): number {
  return outputs * before * after;
}
