import { type Dense, fisher, inverse } from './dense.js';

/** A layer's factored gradients as plain numbers: [samples][positions][in] and [samples][positions][out]. */
export interface LayerSamples {
  inputs: number[][][];
  deltas: number[][][];
}

/** A ⊗ B, the index of B running fastest. */
export function kronecker(a: Dense, b: Dense): Dense {
  return a.flatMap((aRow) => b.map((bRow) => aRow.flatMap((x) => bRow.map((y) => x * y))));
}

/** Ω = (1/N) Σ a aᵀ summed over positions, and Γ = the mean of d dᵀ over samples and positions. */
export function factors({ inputs, deltas }: LayerSamples): { omega: Dense; gamma: Dense } {
  const positions = inputs[0].length;
  const omega = fisher(inputs.flat(), 0).map((row) => row.map((value) => value * positions));
  return { omega, gamma: fisher(deltas.flat(), 0) };
}

/** The inverse of (Γ + √λ/π I) ⊗ (Ω + π√λ I): weights in the order [out, in]. */
export function kroneckerInverse(samples: LayerSamples, lambda: number): Dense {
  const { omega, gamma } = factors(samples);
  const pi = Math.sqrt(meanDiagonal(omega) / meanDiagonal(gamma));
  return kronecker(
    inverse(shifted(gamma, Math.sqrt(lambda) / pi)),
    inverse(shifted(omega, pi * Math.sqrt(lambda))),
  );
}

/** The rows and columns `index` of a matrix. */
export function part(a: Dense, rows: readonly number[], columns = rows): Dense {
  return rows.map((i) => columns.map((j) => a[i][j]));
}

function meanDiagonal(a: Dense): number {
  return a.reduce((sum, row, i) => sum + row[i], 0) / a.length;
}

function shifted(a: Dense, by: number): Dense {
  return a.map((row, i) => row.map((value, j) => value + (i === j ? by : 0)));
}
