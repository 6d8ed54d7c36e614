/** How one matrix resembles another. */
export interface Resemblance {
  /** Pearson's correlation of all entries. */
  entries: number;
  /** That of the entries beside the diagonal. */
  offDiagonal: number;
  /** Trace over trace. */
  trace: number;
}

/** Of a matrix a beside b, both row-major squares of one size. */
export function resemblance(a: Float64Array, b: Float64Array): Resemblance {
  const order = Math.sqrt(a.length);
  const diagonal = (_: number, i: number): boolean => i % (order + 1) === 0;
  const beside = (_: number, i: number): boolean => !diagonal(_, i);
  const trace = (m: Float64Array): number => m.filter(diagonal).reduce((x, y) => x + y, 0);
  return {
    entries: pearson(a, b),
    offDiagonal: pearson(a.filter(beside), b.filter(beside)),
    trace: trace(a) / trace(b),
  };
}

/** Pearson's correlation; NaN where one of the two is constant. */
export function pearson(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array): number => values.reduce((x, y) => x + y, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] - meanA, b[i] - meanB];
    products += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return products / Math.sqrt(squaresA * squaresB);
}
