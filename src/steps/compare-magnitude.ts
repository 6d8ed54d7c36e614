import type { RunContext } from '../pool/run-context.js';
import { prunedInBoth } from '../selection/overlap.js';
import { disposeRanking, type Ranking, rank } from '../selection/ranking.js';
import { type SelectedMasks, select } from '../selection/select.js';
import { rankCorrelation } from './rank-correlation.js';

/** How a ranking agrees with that by magnitude. */
export interface MagnitudeStatistics {
  /** Share of the weights pruned that magnitude prunes too, by the same budgets; null where none were. */
  overlap: number | null;
  /**
   * Spearman's correlation of the scores with the magnitudes of what was ranked, exact up to 65536 weights
   * (or groups), else of an even sample of them; null with pattern `n:m`, and where all are equal.
   */
  rankCorrelation: number | null;
}

/** How a ranking and what it prunes agree with magnitude, over all parameters and for each. */
export interface MagnitudeComparison {
  all: MagnitudeStatistics;
  parameters: MagnitudeStatistics[];
}

/**
 * Compares a ranking with that by magnitude, in the same pattern and budgets, before the weights change.
 * Undefined for criterion magnitude itself.
 */
export async function compareMagnitude(
  context: RunContext,
  ranking: Ranking,
  { masks, pruned }: SelectedMasks,
): Promise<MagnitudeComparison | undefined> {
  const { inputs, units, groups } = ranking;
  const { parameters, pattern } = inputs;
  if (inputs.criterion === 'magnitude') return undefined;
  const other = await rank(context, {
    ...{ ...inputs, criterion: 'magnitude', selection: 'oneshot', fisher: undefined },
  });
  try {
    const ranked = pattern.kind !== 'subsets';
    const correlation = async (lists: readonly number[]): Promise<number | null> => {
      const of = ({ units: all }: Ranking) => lists.map((list) => all[list]);
      return ranked ? await rankCorrelation(of(ranking), of(other)) : null;
    };
    const byParameter: (number | null)[] = [];
    for (const i of parameters.keys()) {
      byParameter.push(await correlation([groups?.model.members[i].list ?? i]));
    }
    const together = units.length === 1 ? byParameter[0] : await correlation([...units.keys()]);
    const both = await prunedByBoth(context, ranking, other, masks);
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    return {
      all: { overlap: share(sum(both), sum(pruned)), rankCorrelation: together },
      parameters: byParameter.map((one, i) => ({
        overlap: share(both[i], pruned[i]),
        rankCorrelation: one,
      })),
    };
  } finally {
    disposeRanking(context, other);
  }
}

/** Weights that both rankings prune, by parameter. */
async function prunedByBoth(
  context: RunContext,
  { inputs: { parameters } }: Ranking,
  other: Ranking,
  masks: readonly Uint8Array[],
): Promise<number[]> {
  const { masks: others } = await select(context, other);
  const both = await prunedInBoth(parameters, masks, others);
  for (const mask of others) context.lease.release(mask);
  return both;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
