import type { FactoredGradients } from '../parameters.js';
import type { Pace } from './pace.js';

/** Floats written between two looks at the clock: well under a millisecond of work. */
const PIECE = 2 ** 17;

/**
 * The outer products a dᵀ of k rows a [k, in] and d [k, out]: an array [k, in, out].
 *
 * A row of the product whose a is 0 stays as it was allocated, unless d has a value that is not
 * finite (0 · NaN is NaN, which must not get lost): behind a ReLU, or at the dark pixels of an
 * image, most rows are.
 */
export async function outerProducts(
  { inputs, deltas }: FactoredGradients,
  k: number,
  pace: Pace,
): Promise<Float32Array> {
  const [rows, columns] = [inputs.length / k, deltas.length / k];
  const products = new Float32Array(k * rows * columns);
  const rowsPerPiece = Math.max(1, Math.floor(PIECE / columns));
  for (let n = 0; n < k; n++) {
    const delta = deltas.subarray(n * columns, (n + 1) * columns);
    const skipZeros = delta.every(Number.isFinite);
    for (let from = 0; from < rows; from += rowsPerPiece) {
      const to = Math.min(from + rowsPerPiece, rows);
      for (let i = from; i < to; i++) {
        const a = inputs[n * rows + i];
        if (a === 0 && skipZeros) continue;
        const offset = (n * rows + i) * columns;
        for (let j = 0; j < columns; j++) products[offset + j] = a * delta[j];
      }
      if (pace.due()) await pace.rest();
    }
  }
  return products;
}
