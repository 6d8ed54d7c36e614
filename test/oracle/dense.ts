/** A dense float64 matrix as rows: the plainest form there is, for tests alone. */
export type Dense = number[][];

/** F = λI + (1/N) Σ g gᵀ for one block, from its samples. */
export function fisher(samples: readonly (readonly number[])[], lambda: number): Dense {
  return gram(samples).map((row, i) =>
    row.map((sum, j) => sum / samples.length + (i === j ? lambda : 0)),
  );
}

/** S = Σ g gᵀ */
export function gram(samples: readonly (readonly number[])[]): Dense {
  const order = samples[0].length;
  const s = Array.from({ length: order }, () => new Array<number>(order).fill(0));
  for (const g of samples) {
    s.forEach((row, i) => {
      for (let j = 0; j < order; j++) row[j] += g[i] * g[j];
    });
  }
  return s;
}

/** X with A X = B, by Gauss-Jordan elimination with partial pivoting. */
function solveColumns(a: Dense, b: Dense): Dense {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...b[i]]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    }
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    const top = rows[k];
    for (let i = 0; i < n; i++) {
      const row = rows[i];
      const factor = row[k] / top[k];
      if (i === k || factor === 0) continue;
      for (let j = k; j < top.length; j++) row[j] -= factor * top[j];
    }
  }
  return rows.map((row, i) => row.slice(n).map((value) => value / row[i]));
}

/** x with A x = b. */
export function solve(a: Dense, b: readonly number[]): number[] {
  return solveColumns(
    a,
    b.map((value) => [value]),
  ).map(([x]) => x);
}

/** A⁻¹ */
export function inverse(a: Dense): Dense {
  return solveColumns(
    a,
    a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0))),
  );
}

/** ‖A‖_F ≥ ‖A‖₂ */
export function norm(a: Dense): number {
  return Math.hypot(...a.map((row) => Math.hypot(...row)));
}

export function multiply(a: Dense, x: readonly number[]): number[] {
  return a.map((row) => row.reduce((sum, value, j) => sum + value * x[j], 0));
}

export function quadraticForm(a: Dense, x: readonly number[]): number {
  return multiply(a, x).reduce((sum, value, i) => sum + value * x[i], 0);
}

/**
 * The minimiser of ½ δᵀAδ + gᵀδ with δ_q = −w_q for q in Q, by the conditions of Karush, Kuhn and Tucker:
 * [A Eᵀ; E 0] [δ; μ] = [−g; −w_Q], one linear system that knows nothing of the formulas under test.
 */
export function constrainedMinimum(
  a: Dense,
  w: readonly number[],
  q: readonly number[],
  g: readonly number[] = w.map(() => 0),
): number[] {
  const n = a.length;
  const system = Array.from({ length: n + q.length }, (_, i) =>
    Array.from({ length: n + q.length }, (_, j) => {
      if (i < n && j < n) return a[i][j];
      if (i < n) return q[j - n] === i ? 1 : 0;
      return j < n && q[i - n] === j ? 1 : 0;
    }),
  );
  const right = system.map((_, i) => (i < n ? -g[i] : -w[q[i - n]]));
  return solve(system, right).slice(0, n);
}
