/** Entry i of the vector that residuals are taken with: signs by the fractional part of i·φ. */
export function probe(i: number): number {
  return (Math.imul(i + 1, 0x9e3779b9) >>> 31) * 2 - 1;
}

/** ‖y − v‖/‖v‖ for v = probe. */
export function residualOf(y: Float64Array, order: number): number {
  let sum = 0;
  for (let i = 0; i < order; i++) sum += (y[i] - probe(i)) ** 2;
  return Math.sqrt(sum / order);
}
