import type { BlockShape } from '../../blocks/block-shape.js';
import type { KernelJob } from '../../engine/kernels.js';
import { inPieces } from '../../memory/pieces.js';
import type { LabelledJob, RunContext } from '../../pool/run-context.js';
import type { FactorSums, LayerSums } from './factor-sums.js';

/**
 * The two factors of a layer's Fisher, Ω = Σ a aᵀ / N and Γ = Σ d dᵀ / rows, as packed sums with what they
 * are divided by and what is added to their diagonals.
 */
export interface LayerFactors {
  inner: Factor;
  outer: Factor;
}

interface Factor {
  order: number;
  sums: Float64Array;
  divisor: number;
  damping: number;
}

/** (X, Y): packed inverses of a layer's factors, on the run's memory. */
export interface FactorInverses {
  inner: Float64Array;
  outer: Float64Array;
}

/** Elements of a packed triangle. */
export function packed(order: number): number {
  return (order * (order + 1)) / 2;
}

/** Arrays that the factors of a parameter take beside their sums: Γ by itself, and both inverses. */
export function inverseLengths({ order }: BlockShape): number[] {
  const inner = packed(order.before * order.after);
  const outer = packed(order.outputs);
  return [outer, inner, outer];
}

/** The diagonals of a layer's factors before damping. */
export function factorDiagonals(
  { inner, outer, state }: LayerSums,
  samples: number,
): { inner: Float64Array; outer: Float64Array } {
  const squares = state.parts[0].squareSum;
  return {
    inner: new Float64Array(squares.subarray(0, inner)).map((square) => square / samples),
    outer: new Float64Array(squares.subarray(inner, inner + outer)).map(
      (square) => square / state.samples,
    ),
  };
}

/**
 * Factored Tikhonov damping (Martens & Grosse 2015, section 6.3): Ω + π√λ I and Γ + √λ/π I, where π² is the
 * mean diagonal of Ω over that of Γ; 1 where one of the two is 0.
 */
export function dampingShares(
  { inner, outer }: { inner: Float64Array; outer: Float64Array },
  lambda: number,
): { inner: number; outer: number } {
  const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  const ratio = Math.sqrt(mean(inner) / mean(outer));
  const pi = ratio > 0 && Number.isFinite(ratio) ? ratio : 1;
  return { inner: pi * Math.sqrt(lambda), outer: Math.sqrt(lambda) / pi };
}

/** Inverts the damped factors of all layers, each a task of its own. `dampings`: by layer. */
export async function invertFactors(
  context: RunContext,
  sums: FactorSums,
  dampings: readonly { inner: number; outer: number }[],
): Promise<FactorInverses[]> {
  const { lease } = context;
  const inverses: FactorInverses[] = [];
  const copies: Float64Array[] = [];
  const tasks: LabelledJob<'invertWhole'>[][] = [];
  for (const [index, layer] of sums.layers.entries()) {
    const { name } = sums.parameters[index];
    const { inner, outer, state } = layer;
    const { states } = state.parts[0].chunks[0];
    const gamma = await outerSums(layer, states, lease.float64(packed(outer)));
    copies.push(gamma);
    const result = { inner: lease.float64(packed(inner)), outer: lease.float64(packed(outer)) };
    inverses.push(result);
    // Σ a aᵀ are the first rows of the triangle as they stand.
    const jobs: [Factor, Float64Array][] = [
      [
        { order: inner, sums: states, divisor: sums.samples, damping: dampings[index].inner },
        result.inner,
      ],
      [
        { order: outer, sums: gamma, divisor: state.samples, damping: dampings[index].outer },
        result.outer,
      ],
    ];
    for (const [factor, into] of jobs) {
      tasks.push([{ parameter: name, job: inversion(context, factor, into) }]);
    }
  }
  await context.run('invertWhole', tasks);
  for (const array of copies) lease.release(array);
  return inverses;
}

function inversion(
  { control }: RunContext,
  { order, sums, divisor, damping }: Factor,
  inverses: Float64Array,
): KernelJob<'invertWhole'> {
  return {
    starts: Uint32Array.of(0, order),
    ...{ from: 0, to: 1, control, solver: 'gram', firstBlock: 0, stride: packed(order) },
    ...{ states: sums, samples: divisor, damping, inverses },
  };
}

/** Σ d dᵀ, which stands behind the products with the inputs in each row. */
async function outerSums(
  { inner, outer }: LayerSums,
  states: Float64Array,
  out: Float64Array,
): Promise<Float64Array> {
  const rows = Math.max(1, Math.floor(2 ** 20 / outer));
  await inPieces(
    outer,
    (from, to) => {
      for (let o = from; o < to; o++) {
        const at = packed(inner + o) + inner;
        out.set(states.subarray(at, at + o + 1), packed(o));
      }
    },
    rows,
  );
  return out;
}
