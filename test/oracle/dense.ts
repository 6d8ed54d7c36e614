/** A dense float64 matrix as rows: the plainest form there is, for tests alone. */
export type Dense = number[][];

/** F = λI + (1/N) Σ g gᵀ for one block, from its samples. */
export function fisher(samples: readonly (readonly number[])[], lambda: number): Dense {
  const order = samples[0].length;
  return Array.from({ length: order }, (_, i) =>
    Array.from({ length: order }, (_, j) => {
      const sum = samples.reduce((total, g) => total + g[i] * g[j], 0);
      return sum / samples.length + (i === j ? lambda : 0);
    }),
  );
}

/** x with A x = b, by Gauss-Jordan elimination with partial pivoting. */
export function solve(a: Dense, b: readonly number[]): number[] {
  const n = b.length;
  const rows = a.map((row, i) => [...row, b[i]]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    }
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}

/** A⁻¹, column by column. */
export function inverse(a: Dense): Dense {
  const columns = a.map((_, j) =>
    solve(
      a,
      a.map((_, i) => (i === j ? 1 : 0)),
    ),
  );
  return a.map((_, i) => columns.map((column) => column[i]));
}

export function multiply(a: Dense, x: readonly number[]): number[] {
  return a.map((row) => row.reduce((sum, value, j) => sum + value * x[j], 0));
}

export function quadraticForm(a: Dense, x: readonly number[]): number {
  return multiply(a, x).reduce((sum, value, i) => sum + value * x[i], 0);
}

/**
 * The minimiser of ½ δᵀAδ with δ_q = −w_q for q in Q, by the conditions of Karush, Kuhn and Tucker:
 * [A Eᵀ; E 0] [δ; μ] = [0; −w_Q], one linear system that knows nothing of the formulas under test.
 */
export function constrainedMinimum(a: Dense, w: readonly number[], q: readonly number[]): number[] {
  const n = a.length;
  const system = Array.from({ length: n + q.length }, (_, i) =>
    Array.from({ length: n + q.length }, (_, j) => {
      if (i < n && j < n) return a[i][j];
      if (i < n) return q[j - n] === i ? 1 : 0;
      return j < n && q[i - n] === j ? 1 : 0;
    }),
  );
  const right = system.map((_, i) => (i < n ? 0 : -w[q[i - n]]));
  return solve(system, right).slice(0, n);
}
