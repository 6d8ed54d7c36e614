import type { BlockShape } from '../blocks/block-shape.js';
import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { cutIntoTasks, tasksOfBytes, wholeParameters } from '../blocks/spans.js';
import type { CriterionName, KernelJob } from '../engine/kernels.js';
import { type FirstOrderTerm, firstOrderOf } from '../fisher/first-order.js';
import { type Lambda, lambdaOf } from '../fisher/lambda.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';

/**
 * How weights are ranked. `woodfisher`: (w − αh)²/(2 (F⁻¹)_qq), the loss of removing one weight while the
 * others make up for it; h = F⁻¹ḡ, and α = 0 without the first-order term. `diagonal-fisher`: w² F_qq/2,
 * the same with a diagonal Fisher. `kfac`: as `woodfisher`, with the inverse of the Kronecker-factored
 * Fisher. `magnitude`: |w|. `random`: a number by the seed and the weight's place alone.
 */
export const CRITERIA: readonly CriterionName[] = [
  'woodfisher',
  'diagonal-fisher',
  'kfac',
  'magnitude',
  'random',
];

/** Whether a criterion needs gradients. */
export function needsFisher(criterion: CriterionName): boolean {
  return criterion !== 'magnitude' && criterion !== 'random';
}

/** Whether a criterion ranks by F⁻¹, and so counts on the other weights making up for a removal. */
export function usesInverse(criterion: CriterionName): boolean {
  return criterion === 'woodfisher' || criterion === 'kfac';
}

/** What the criteria of the Fisher need of it, by parameter, in block order. */
export interface ScoreInputs {
  diagonal: readonly Float64Array[];
  squareSum: readonly Float64Array[];
  samples: number;
  damping: Lambda;
  /** Default: the gradient is left out. */
  firstOrder?: FirstOrderTerm;
}

const NO_INPUTS: ScoreInputs = { diagonal: [], squareSum: [], samples: 1, damping: 1 };
const EMPTY = new Float64Array(0);

/** The scores of a parameter. */
export function scoreArrays({ size }: BlockShape) {
  return { scores: ['float64', size] } as const satisfies ArrayPlan;
}

/**
 * Scores of all weights, one array per parameter on the run's memory, in block order. `seed` is that of
 * criterion `random`.
 */
export async function scoreWeights(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  weights: readonly Float32Array[],
  criterion: CriterionName,
  { diagonal, squareSum, samples, damping, firstOrder }: ScoreInputs = NO_INPUTS,
  seed = 0,
): Promise<Float64Array[]> {
  const scores = parameters.map((shape) => context.lease.arrays(scoreArrays(shape)).scores);
  const bytes = (order: number): number => 16 * order;
  const tasks = cutIntoTasks(wholeParameters(parameters), bytes, tasksOfBytes).map((task) =>
    task.map(({ parameter, index, from, to }): LabelledJob<'score'> => {
      const job: KernelJob<'score'> = {
        criterion: criterion === 'kfac' ? 'woodfisher' : criterion,
        starts: parameter.starts,
        from,
        to,
        control: context.control,
        weights: weights[index],
        diagonal: diagonal[index] ?? EMPTY,
        squareSum: squareSum[index] ?? EMPTY,
        samples,
        damping: lambdaOf(damping, index),
        scores: scores[index],
        order: parameter.part?.order ?? parameter.order,
        seed,
        stream: parameter.part?.index ?? index,
        ...firstOrderOf(firstOrder, index),
      };
      return { parameter: parameter.name, job };
    }),
  );
  await context.run('score', tasks);
  return scores;
}
