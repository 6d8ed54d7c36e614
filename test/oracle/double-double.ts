/**
 * Symmetric positive definite matrices in double-double arithmetic: a value is the unevaluated sum of
 * two float64, about 106 bits (Dekker 1971; Knuth's two-sum, Veltkamp's splitting). An oracle where
 * float64 itself is the question.
 */
export interface DoubleDoubleMatrix {
  n: number;
  hi: Float64Array;
  lo: Float64Array;
}

const SPLITTER = 2 ** 27 + 1;

// The result of the last operation: pairs would be allocated by the million.
let hi = 0;
let lo = 0;

function set(a: number, b: number): void {
  hi = a + b;
  const part = hi - a;
  lo = a - (hi - part) + (b - part);
}

/** a·b, exactly. */
function multiplyExactly(a: number, b: number): void {
  const ta = SPLITTER * a;
  const ah = ta - (ta - a);
  const al = a - ah;
  const tb = SPLITTER * b;
  const bh = tb - (tb - b);
  const bl = b - bh;
  hi = a * b;
  lo = ah * bh - hi + ah * bl + al * bh + al * bl;
}

function add(ah: number, al: number, bh: number, bl: number): void {
  set(ah, bh);
  const low = lo + (al + bl);
  set(hi, low);
}

function multiply(ah: number, al: number, bh: number, bl: number): void {
  multiplyExactly(ah, bh);
  const low = lo + (ah * bl + al * bh);
  set(hi, low);
}

function divide(ah: number, al: number, bh: number, bl: number): void {
  const first = ah / bh;
  multiply(first, 0, bh, bl);
  add(ah, al, -hi, -lo);
  const second = hi / bh;
  multiply(second, 0, bh, bl);
  const [rest] = remainder(ah, al, bh, bl, first, second);
  set(first, second);
  const low = lo + rest / bh;
  set(hi, low);
}

function remainder(
  ah: number,
  al: number,
  bh: number,
  bl: number,
  first: number,
  second: number,
): [number] {
  multiply(first, 0, bh, bl);
  add(ah, al, -hi, -lo);
  const [rh, rl] = [hi, lo];
  multiply(second, 0, bh, bl);
  add(rh, rl, -hi, -lo);
  return [hi];
}

function squareRoot(ah: number, al: number): void {
  const root = Math.sqrt(ah);
  multiplyExactly(root, root);
  add(ah, al, -hi, -lo);
  set(root, hi / (2 * root));
}

/** NλI + Σ g gᵀ of float32 samples [N, n]; their products are exact in float64. */
export function scaledFisher(samples: Float32Array, n: number, lambda: number): DoubleDoubleMatrix {
  const count = samples.length / n;
  const matrix = { n, hi: new Float64Array(n * n), lo: new Float64Array(n * n) };
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sumHi = 0;
      let sumLo = 0;
      for (let s = 0; s < samples.length; s += n) {
        add(sumHi, sumLo, samples[s + i] * samples[s + j], 0);
        sumHi = hi;
        sumLo = lo;
      }
      if (i === j) {
        multiplyExactly(count, lambda);
        add(sumHi, sumLo, hi, lo);
        sumHi = hi;
        sumLo = lo;
      }
      matrix.hi[i * n + j] = sumHi;
      matrix.lo[i * n + j] = sumLo;
    }
  }
  return matrix;
}

/** L with L Lᵀ = A, lower. */
export function cholesky({ n, hi: ah, lo: al }: DoubleDoubleMatrix): DoubleDoubleMatrix {
  const l = { n, hi: new Float64Array(n * n), lo: new Float64Array(n * n) };
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sumHi = ah[i * n + j];
      let sumLo = al[i * n + j];
      for (let k = 0; k < j; k++) {
        multiply(l.hi[i * n + k], l.lo[i * n + k], l.hi[j * n + k], l.lo[j * n + k]);
        add(sumHi, sumLo, -hi, -lo);
        sumHi = hi;
        sumLo = lo;
      }
      if (i === j) squareRoot(sumHi, sumLo);
      else divide(sumHi, sumLo, l.hi[j * n + j], l.lo[j * n + j]);
      l.hi[i * n + j] = hi;
      l.lo[i * n + j] = lo;
    }
  }
  return l;
}

/** diag(A⁻¹) from A = L Lᵀ, rounded to float64 at the end. */
export function inverseDiagonal({ n, hi: lh, lo: ll }: DoubleDoubleMatrix): Float64Array {
  const diagonal = new Float64Array(n);
  const columnHi = new Float64Array(n);
  const columnLo = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    // Column j of L⁻¹; the diagonal of A⁻¹ is its squared length.
    let totalHi = 0;
    let totalLo = 0;
    for (let i = j; i < n; i++) {
      let sumHi = i === j ? 1 : 0;
      let sumLo = 0;
      for (let k = j; k < i; k++) {
        multiply(lh[i * n + k], ll[i * n + k], columnHi[k], columnLo[k]);
        add(sumHi, sumLo, -hi, -lo);
        sumHi = hi;
        sumLo = lo;
      }
      divide(sumHi, sumLo, lh[i * n + i], ll[i * n + i]);
      columnHi[i] = hi;
      columnLo[i] = lo;
      multiply(hi, lo, hi, lo);
      add(totalHi, totalLo, hi, lo);
      totalHi = hi;
      totalLo = lo;
    }
    diagonal[j] = totalHi;
  }
  return diagonal;
}

/** cond₂ of A = L Lᵀ by power iteration on A and on A⁻¹; a little too small rather than too large. */
export function conditionNumber({ n, hi: l }: DoubleDoubleMatrix): number {
  const largest = power(n, (x) => {
    // y = L (Lᵀ x)
    const y = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) y[j] += l[i * n + j] * x[i];
    const z = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) z[i] += l[i * n + j] * y[j];
    return z;
  });
  const smallest = power(n, (x) => {
    const y = Float64Array.from(x);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) y[i] -= l[i * n + j] * y[j];
      y[i] /= l[i * n + i];
    }
    for (let i = n - 1; i >= 0; i--) {
      y[i] /= l[i * n + i];
      for (let j = 0; j < i; j++) y[j] -= l[i * n + j] * y[i];
    }
    return y;
  });
  return largest * smallest;
}

function power(n: number, apply: (x: Float64Array) => Float64Array): number {
  let x: Float64Array = Float64Array.from({ length: n }, (_, i) => 1 + Math.sin(i));
  let norm = 0;
  for (let iteration = 0; iteration < 40; iteration++) {
    norm = Math.hypot(...x);
    x = apply(x.map((value) => value / norm));
  }
  return Math.hypot(...x);
}
