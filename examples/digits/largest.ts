/** Index of the largest value, the first of equals. */
export function largest(values: Float64Array): number {
  let index = 0;
  for (let j = 1; j < values.length; j++) if (values[j] > values[index]) index = j;
  return index;
}
