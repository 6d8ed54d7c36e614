import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { cutIntoTasks, type Span } from '../blocks/spans.js';
import type { ScoreInputs } from '../criteria/score.js';
import type { KernelJob } from '../engine/kernels.js';
import { firstOrderOf } from '../fisher/first-order.js';
import type { FisherState } from '../fisher/fisher-state.js';
import type { Lambda } from '../fisher/lambda.js';
import { fillInPieces, inPieces } from '../memory/pieces.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import { blockParts } from './block-parts.js';
import type { GroupModel } from './group-model.js';

/** Weights whose groups are laid out at a time: bounds the memory of the index lists. */
export const WEIGHTS_A_WAVE = 1 << 20;

/** Scores of all groups, one array a list, and by list whether groups lie in several blocks. */
export interface GroupScores {
  scores: Float64Array[];
  summed: boolean[];
}

/**
 * ½ (w−αh)_Qᵀ [(F⁻¹)_QQ]⁻¹ (w−αh)_Q for every group Q. The Fisher knows nothing across blocks, so that a group in
 * several blocks costs the sum of what its parts cost.
 */
export async function exactScores(
  context: RunContext,
  state: FisherState,
  { damping, firstOrder }: Pick<ScoreInputs, 'damping' | 'firstOrder'>,
  weights: readonly Float32Array[],
  model: GroupModel,
): Promise<GroupScores> {
  const scores = await zeroScores(context, model);
  const parts = scores.map(({ length }) => new Uint8Array(length));
  const summed = scores.map(() => false);
  for (const wave of waves(state.spans())) {
    const { list, of } = model.members[wave.index];
    const term = firstOrderOf(firstOrder, wave.index);
    const job = { weights: weights[wave.index], ...term };
    const groups = await partScores(context, state, damping, job, wave, of);
    await groups.visit((g, score) => {
      scores[list][g] += score;
      summed[list] ||= parts[list][g] === 1;
      parts[list][g] = 1;
    });
    groups.release();
  }
  return { scores, summed };
}

/** Sums of the weights' scores, for criteria in which weights do not interact. */
export async function summedScores(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  weightScores: readonly Float64Array[],
  model: GroupModel,
): Promise<GroupScores> {
  const scores = await zeroScores(context, model);
  for (const [i, { mask, size }] of parameters.entries()) {
    const { list, of } = model.members[i];
    await inPieces(size, (begin, end) => {
      for (let c = begin; c < end; c++) {
        const g = mask[c] === 0 ? -1 : of(c);
        if (g !== -1) scores[list][g] += weightScores[i][c];
      }
    });
  }
  return { scores, summed: scores.map(() => false) };
}

async function zeroScores({ lease }: RunContext, { lists }: GroupModel): Promise<Float64Array[]> {
  const scores = lists.map(({ count }) => lease.float64(count));
  for (const array of scores) await fillInPieces(array, 0);
  return scores;
}

function* waves(spans: readonly Span[]): Generator<Span> {
  for (const span of spans) {
    const blocks = Math.max(1, Math.floor(WEIGHTS_A_WAVE / span.parameter.blockOrder));
    for (let from = span.from; from < span.to; from += blocks) {
      yield { ...span, from, to: Math.min(from + blocks, span.to) };
    }
  }
}

/** Scores of the parts of groups that lie in the blocks of a wave. */
async function partScores(
  context: RunContext,
  state: FisherState,
  damping: Lambda,
  job: Pick<KernelJob<'groupSaliency'>, 'weights' | 'step' | 'inverseGradient'>,
  wave: Span,
  of: (c: number) => number,
) {
  const { lease } = context;
  const { parameter, from, to } = wave;
  const { indices, offsets, groups, firstOfBlock } = await blockParts(
    lease,
    parameter,
    of,
    from,
    to,
  );
  const count = firstOfBlock[to - from];
  const saliencies = lease.float64(count);
  const tasks = cutIntoTasks([wave], (order) => 2 * order ** 3).map((task) =>
    task.flatMap((span): LabelledJob<'groupSaliency'>[] => {
      const groupFrom = firstOfBlock[span.from - from];
      const groupTo = firstOfBlock[span.to - from];
      if (groupFrom === groupTo) return [];
      const own: KernelJob<'groupSaliency'> = {
        ...state.range(span, damping),
        ...job,
        ...{ indices, offsets, groupFrom, groupTo, saliencies },
      };
      return [{ parameter: parameter.name, job: own }];
    }),
  );
  await context.run('groupSaliency', tasks);
  return {
    visit: (add: (g: number, score: number) => void): Promise<void> =>
      inPieces(count, (begin, end) => {
        for (let i = begin; i < end; i++) add(groups[i], saliencies[i]);
      }),
    release: (): void => {
      for (const array of [indices, offsets, groups, saliencies]) lease.release(array);
    },
  };
}
