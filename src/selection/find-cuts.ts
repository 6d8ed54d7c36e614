import { WoodFisherError } from '../errors.js';
import type { RunContext } from '../pool/run-context.js';
import { type Amount, flopsToPrune, totalsTogether, weightsToPrune } from './amounts.js';
import { boundedCuts } from './bounds.js';
import type { Budgets } from './budgets.js';
import { type Cut, cutAtRank, laterOf, NOTHING } from './cut.js';
import { onlyList, type RankedLists } from './ranked-lists.js';

/**
 * One cut for each list of units such that the budgets hold and would not without the last unit that
 * was pruned, ties by index. Single weights meet a sparsity exactly.
 */
export async function findCuts(
  context: RunContext,
  ranked: RankedLists,
  budgets: Budgets,
): Promise<Cut[]> {
  const { lists } = ranked;
  const { sparsity, scope, minSparsity, maxSparsity } = budgets;
  if (typeof sparsity === 'object' || scope === 'layer') {
    const cuts: Cut[] = [];
    for (const [i, { name = '' }] of lists.entries()) {
      const share = typeof sparsity === 'object' ? sparsity[name] : sparsity;
      const single = onlyList(ranked, i);
      const amount = share === undefined ? undefined : weightsToPrune(share, single.lists);
      cuts.push(...(amount === undefined ? [NOTHING] : await cutsFor(context, single, amount)));
    }
    return cuts;
  }
  const amounts: Amount[] = [];
  if (sparsity !== undefined) amounts.push(weightsToPrune(sparsity, lists));
  if (budgets.targetFlops !== undefined) amounts.push(flopsToPrune(budgets.targetFlops, lists));
  if (minSparsity !== undefined || maxSparsity !== undefined) {
    return await boundedCuts(context, ranked, amounts, { minSparsity, maxSparsity });
  }
  let cuts: Cut[] = lists.map(() => NOTHING);
  for (const amount of amounts) {
    const needed = await cutsFor(context, ranked, amount);
    cuts = cuts.map((cut, i) => laterOf(cut, needed[i]));
  }
  return cuts;
}

/** The cuts behind the first units that count as much as asked for together. */
async function cutsFor(
  context: RunContext,
  ranked: RankedLists,
  { currency, option, count }: Amount,
): Promise<Cut[]> {
  const { lists } = ranked;
  if (count <= 0) return lists.map(() => NOTHING);
  const most = totalsTogether(lists, currency).inUnits;
  if (count > most) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `${option} asks for ${count} more ${currency} to be pruned, but whole groups hold ${most}; ask for less, or use smaller groups`,
      { option, value: count },
    );
  }
  return await cutAtRank(context, ranked, count - 1, currency, 'behind');
}
