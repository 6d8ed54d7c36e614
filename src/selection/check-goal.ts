import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { WoodFisherError } from '../errors.js';
import { weightsToPrune } from './amounts.js';
import { type Budgets, type ByName, checkBudgetNames, costsOf } from './budgets.js';
import { totalsOf } from './units.js';

type Counted = Pick<BlockedParameter, 'name' | 'modelSize' | 'prunedBefore'>;

/** Refuses budgets that name what the model does not have, and floors that contradict other budgets. */
export function checkGoal(budgets: Budgets, parameters: readonly Counted[]): void {
  checkBudgetNames(
    budgets,
    parameters.map(({ name }) => name),
  );
  const { sparsity, minSparsity, maxSparsity } = budgets;
  let floors = 0;
  for (const parameter of parameters) {
    const floor = of(minSparsity, parameter.name);
    const ceiling = of(maxSparsity, parameter.name);
    if (floor === undefined) continue;
    if (ceiling !== undefined && floor > ceiling) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_OPTION',
        `minSparsity of parameter "${parameter.name}" must be at most its maxSparsity (${ceiling}), but is ${floor}`,
        { option: 'minSparsity', parameter: parameter.name, value: floor },
      );
    }
    floors += Math.max(0, toPrune(floor, [parameter], budgets));
  }
  if (typeof sparsity !== 'number') return;
  const asked = Math.max(0, toPrune(sparsity, parameters, budgets));
  if (floors <= asked) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_OPTION',
    `minSparsity asks for ${floors} more weights to be pruned, which is more than the ${asked} of sparsity`,
    { option: 'minSparsity', value: floors },
  );
}

function of(bound: number | ByName<number> | undefined, name: string): number | undefined {
  return typeof bound === 'object' ? bound[name] : bound;
}

function toPrune(sparsity: number, parameters: readonly Counted[], budgets: Budgets): number {
  const totals = totalsOf(parameters, costsOf(budgets, parameters));
  return weightsToPrune(sparsity, [{ totals }]).count;
}
