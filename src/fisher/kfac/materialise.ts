import type { BlockedParameter } from '../../blocks/blocked-parameter.js';
import { cutIntoTasks } from '../../blocks/spans.js';
import { inPieces } from '../../memory/pieces.js';
import type { Damping } from '../../options.js';
import type { LabelledJob, RunContext } from '../../pool/run-context.js';
import { resolveDamping } from '../damping.js';
import { FisherState, type ParameterState } from '../fisher-state.js';
import { lambdaOf } from '../lambda.js';
import type { FactorSums, LayerSums } from './factor-sums.js';
import {
  dampingShares,
  type FactorInverses,
  factorDiagonals,
  invertFactors,
  packed,
} from './inverses.js';

/**
 * The state that solver woodbury would have, of the Kronecker-factored Fisher in place of the empirical
 * one: P of each block is that block of (Ω + π√λ I)⁻¹ ⊗ (Γ + √λ/π I)⁻¹, which is never formed whole. So all
 * that ranks, traces, groups and updates by F⁻¹ works by it.
 */
export async function kroneckerState(
  context: RunContext,
  sums: FactorSums,
  damping: Damping,
): Promise<{ state: FisherState; damping: number[] }> {
  const { parameters, samples, layers } = sums;
  const state = await FisherState.create(context, 'woodbury', parameters, { samples, damping: 1 });
  await state.adopt(samples, 0, { lowOrder: false, centred: false });
  const diagonals = layers.map((layer) => factorDiagonals(layer, samples));
  for (const [i, part] of state.parts.entries()) {
    await copyGradientSum(layers[i], part);
    await fillDiagonal(part, samples, diagonals[i], { inner: 0, outer: 0 }, 0);
  }
  const resolved = await resolveDamping(state, damping);
  const lambdas = parameters.map((_, i) => lambdaOf(resolved, i));
  const shares = diagonals.map((diagonal, i) => dampingShares(diagonal, lambdas[i]));
  for (const [i, part] of state.parts.entries()) {
    await fillDiagonal(part, samples, diagonals[i], shares[i], lambdas[i]);
  }
  const inverses = await invertFactors(context, sums, shares);
  await fillBlocks(context, state, inverses, layers, lambdas);
  for (const { inner, outer } of inverses) {
    context.lease.release(inner);
    context.lease.release(outer);
  }
  return { state, damping: lambdas };
}

/** Σ g by weight, out of the products of deltas with inputs. */
async function copyGradientSum(
  { inner, outer, state }: LayerSums,
  { parameter: { mask }, gradientSum }: ParameterState,
): Promise<void> {
  const { states } = state.parts[0].chunks[0];
  await inPieces(
    outer,
    (from, to) => {
      for (let o = from; o < to; o++) {
        const at = packed(inner + o);
        for (let i = 0, c = o * inner; i < inner; i++, c++)
          gradientSum[c] = mask[c] * states[at + i];
      }
    },
    rowsOfPiece(inner),
  );
}

/** The diagonal of F − λI times N, F being the product of the damped factors. */
async function fillDiagonal(
  { parameter: { mask }, squareSum }: ParameterState,
  samples: number,
  diagonals: { inner: Float64Array; outer: Float64Array },
  shares: { inner: number; outer: number },
  lambda: number,
): Promise<void> {
  const inner = diagonals.inner.length;
  await inPieces(
    diagonals.outer.length,
    (from, to) => {
      for (let o = from; o < to; o++) {
        const g = diagonals.outer[o] + shares.outer;
        for (let i = 0, c = o * inner; i < inner; i++, c++) {
          const damped = (diagonals.inner[i] + shares.inner) * g;
          squareSum[c] = mask[c] === 0 ? 0 : Math.max(0, samples * (damped - lambda));
        }
      }
    },
    rowsOfPiece(inner),
  );
}

function rowsOfPiece(inner: number): number {
  return Math.max(1, Math.floor(2 ** 20 / inner));
}

async function fillBlocks(
  context: RunContext,
  state: FisherState,
  inverses: readonly FactorInverses[],
  layers: readonly LayerSums[],
  lambdas: readonly number[],
): Promise<void> {
  const { parameters } = state;
  const cost = (order: number): number => 8 * order ** 2 + held(parameters) * order ** 3;
  const tasks = cutIntoTasks(state.spans(), cost).map((task) =>
    task.map((span): LabelledJob<'kronecker'> => {
      const { parameter, index } = span;
      const job = {
        ...state.range(span, lambdas),
        inner: layers[index].inner,
        innerInverse: inverses[index].inner,
        outerInverse: inverses[index].outer,
        mask: parameter.mask,
      };
      return { parameter: parameter.name, job };
    }),
  );
  await context.run('kronecker', tasks);
}

/** Share of the weights that were pruned before. */
function held(parameters: readonly BlockedParameter[]): number {
  const sum = (of: (parameter: BlockedParameter) => number): number =>
    parameters.reduce((total, parameter) => total + of(parameter), 0);
  return sum(({ prunedBefore }) => prunedBefore) / sum(({ size }) => size);
}
