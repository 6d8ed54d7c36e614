import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { MeasuredLoss, StepOutcome } from '../steps/pruning-step.js';
import type { LossTerms, PredictedLossChange } from '../updates/apply.js';
import type { StepSearch } from '../updates/search-step.js';
import type { FirstOrderStatistics, MeasuredLossStatistics, StepStatistics } from './statistics.js';

/** What the steps of a run have done to each parameter, and what is told of each step. */
export class StepHistory {
  readonly steps: StepStatistics[] = [];
  /** Weights, and those that were pruned before the run. */
  readonly before: { size: number; prunedBefore: number };
  /** By parameter, over all steps. */
  readonly prunedBefore: readonly number[];
  readonly pruned: number[];
  readonly changes: PredictedLossChange[];

  constructor(parameters: readonly Pick<BlockedParameter, 'modelSize' | 'prunedBefore'>[]) {
    this.prunedBefore = parameters.map(({ prunedBefore }) => prunedBefore);
    this.pruned = parameters.map(() => 0);
    this.changes = parameters.map(() => sumOfChanges([]));
    this.before = {
      size: parameters.reduce((sum, { modelSize }) => sum + modelSize, 0),
      prunedBefore: this.prunedBefore.reduce((sum, count) => sum + count, 0),
    };
  }

  add(
    step: Pick<StepOutcome, 'pruned' | 'changes' | 'firstOrder' | 'measuredLoss'> & {
      sparsity: StepStatistics['targetSparsity'];
      samples: number | null;
      blocks: number;
    },
  ): void {
    const { pruned, changes, firstOrder, measuredLoss, sparsity, samples, blocks } = step;
    for (const [i, count] of pruned.entries()) this.pruned[i] += count;
    for (const [i, change] of (changes ?? []).entries()) {
      this.changes[i] = sumOfChanges([this.changes[i], change]);
    }
    this.steps.push({
      targetSparsity: sparsity,
      samples,
      blocks,
      prunedNow: pruned.reduce((sum, count) => sum + count, 0),
      predictedLossChange: changes === undefined ? null : sumOfChanges(changes),
      measuredLoss: measuredLoss === undefined ? null : measuredStatistics(measuredLoss),
      firstOrder: firstOrder === undefined ? null : firstOrderStatistics(firstOrder),
    });
  }

  /** Loss before the first step and after the last; null where none was measured. */
  get measuredLoss(): MeasuredLossStatistics | null {
    const [first, last] = [this.steps.at(0)?.measuredLoss, this.steps.at(-1)?.measuredLoss];
    return first && last ? { before: first.before, after: last.after } : null;
  }

  /** After the steps so far; undefined where it was not measured. */
  get lossNow(): number | undefined {
    const { measuredLoss } = this.steps.at(-1) ?? {};
    return measuredLoss ? (measuredLoss.after ?? Number.NaN) : undefined;
  }

  /** All of it, as JSON has it. */
  record(): HistoryRecord {
    const { steps, before, prunedBefore, pruned, changes } = this;
    return { steps, before, prunedBefore, pruned, changes };
  }

  /** The history of steps that were done by an earlier run. */
  static restore(record: HistoryRecord): StepHistory {
    const history = new StepHistory([]);
    return Object.assign(history, record);
  }
}

/** What a later run takes up from the steps of an earlier one. */
export type HistoryRecord = Pick<
  StepHistory,
  'steps' | 'before' | 'prunedBefore' | 'pruned' | 'changes'
>;

/** Predicted changes of several parameters or steps together. */
export function sumOfChanges(changes: readonly PredictedLossChange[]): PredictedLossChange {
  return {
    ...sumOfTerms(changes),
    withoutUpdate: sumOfTerms(changes.map(({ withoutUpdate }) => withoutUpdate)),
  };
}

function sumOfTerms(terms: readonly LossTerms[]): LossTerms {
  return terms.reduce<LossTerms>(
    (sum, { quadratic, linear }) => ({
      quadratic: sum.quadratic + quadratic,
      linear: sum.linear + linear,
    }),
    { quadratic: 0, linear: 0 },
  );
}

function measuredStatistics({ before, after }: MeasuredLoss): MeasuredLossStatistics {
  return { before: finite(before), after: finite(after) };
}

function firstOrderStatistics({
  step,
  search,
}: {
  step: number;
  search?: StepSearch;
}): FirstOrderStatistics {
  if (search === undefined) return { step, search: null };
  return {
    step,
    search: {
      lossBefore: finite(search.lossBefore),
      lossAfter: finite(search.lossAfter),
      tried: search.tried.map((one) => ({ step: one.step, loss: finite(one.loss) })),
    },
  };
}

function finite(loss: number): number | null {
  return Number.isFinite(loss) ? loss : null;
}
