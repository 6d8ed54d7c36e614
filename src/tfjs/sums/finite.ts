/** Whether no value is NaN or infinite. */
export function allFinite(values: Float32Array): boolean {
  // x − x is 0, and NaN for what is not finite.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] - values[i];
  return sum === 0;
}
