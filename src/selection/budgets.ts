import type { ParsedPattern } from '../blocks/pattern.js';
import { optionError, WoodFisherError } from '../errors.js';
import { checkChoice, checkSparsity, checkWhole, DEFAULTS } from '../options.js';

/** `global`: one threshold over all parameters. `layer`: the same sparsity in each of them. */
export type Scope = 'global' | 'layer';
export const SCOPES: readonly Scope[] = ['global', 'layer'];

/** One number for all prunable parameters, or one for each of those that are named. */
export type ByName<T> = Readonly<Record<string, T>>;

/** How much is pruned: options of `prune` and of `BlockInverse.select`. */
export interface BudgetOptions {
  /**
   * Fraction 0 … 1 of the prunable weights that is zero afterwards, those pruned before included; or
   * one for each parameter that is to lose weights, by name. Not with pattern `n:m`, which says it.
   */
  sparsity?: number | ByName<number>;
  /** One threshold over all parameters, or the same sparsity in each. Default `global`. */
  scope?: Scope;
  /** Sparsity of each parameter at least, with one threshold over all: one number, or by name. */
  minSparsity?: number | ByName<number>;
  /** Sparsity of each parameter at most, with one threshold over all: one number, or by name. */
  maxSparsity?: number | ByName<number>;
  /**
   * FLOPs of the prunable parameters that are left at most: a fraction of the dense ones up to 1, a
   * number of them above. Together with `sparsity` both hold.
   */
  targetFlops?: number;
  /** FLOPs of a weight by parameter, say the places a convolution is applied at; a whole number. Default 1. */
  cost?: ByName<number>;
  /**
   * Scores are divided by (FLOPs of what is removed)^costPower. Default 1 where `cost` or
   * `targetFlops` is given, else 0.
   */
  costPower?: number;
}

/** The budgets, checked as far as that is possible without the parameters. */
export interface Budgets {
  sparsity?: number | ByName<number>;
  scope: Scope;
  minSparsity?: number | ByName<number>;
  maxSparsity?: number | ByName<number>;
  targetFlops?: number;
  cost: ByName<number>;
  costPower: number;
}

/** Fills in the defaults; refuses what a budget, or two together, may not be. */
export function checkBudgets(options: BudgetOptions, pattern: ParsedPattern): Budgets {
  const { sparsity, minSparsity, maxSparsity, targetFlops, cost } = options;
  const scope = checkChoice('scope', SCOPES, options.scope, DEFAULTS.scope);
  checkTogether(options, pattern);
  checkSparsities('sparsity', sparsity);
  checkSparsities('minSparsity', minSparsity);
  checkSparsities('maxSparsity', maxSparsity);
  if (targetFlops !== undefined && !(Number.isFinite(targetFlops) && targetFlops >= 0)) {
    throw optionError('targetFlops', 'a finite number of at least 0', targetFlops);
  }
  for (const [name, value] of Object.entries(cost ?? {})) {
    checkWhole(`cost of "${name}"`, value);
  }
  const { costPower = cost !== undefined || targetFlops !== undefined ? 1 : 0 } = options;
  if (!(Number.isFinite(costPower) && costPower >= 0)) {
    throw optionError('costPower', 'a finite number of at least 0', costPower);
  }
  return { sparsity, scope, minSparsity, maxSparsity, targetFlops, cost: cost ?? {}, costPower };
}

function checkTogether(options: BudgetOptions, pattern: ParsedPattern): void {
  const { sparsity, minSparsity, maxSparsity, targetFlops } = options;
  const given = (...names: (keyof BudgetOptions)[]): keyof BudgetOptions | undefined =>
    names.find((name) => options[name] !== undefined);
  if (pattern.kind === 'subsets') {
    const budget = given(
      ...(['sparsity', 'targetFlops', 'minSparsity', 'maxSparsity', 'scope', 'costPower'] as const),
    );
    if (budget !== undefined) {
      refuse(
        budget,
        `${budget} and pattern "${pattern.text}" do not go together: the pattern says how many weights of each group stay`,
      );
    }
    return;
  }
  if (sparsity === undefined && targetFlops === undefined) {
    refuse('sparsity', 'sparsity is missing: say how much is to be pruned, or give targetFlops');
  }
  const overall = given('minSparsity', 'maxSparsity', 'targetFlops');
  if (typeof sparsity === 'object' && (overall ?? given('scope')) !== undefined) {
    const other = overall ?? 'scope';
    refuse(
      other,
      `${other} and sparsity by parameter do not go together: there is no threshold over all parameters`,
    );
  }
  if (options.scope === 'layer' && overall !== undefined) {
    refuse(
      overall,
      `${overall} and scope "layer" do not go together: every parameter is pruned by the same sparsity`,
    );
  }
  if (pattern.kind === 'sets') {
    const single = given('minSparsity', 'maxSparsity');
    if (single !== undefined || options.scope === 'layer' || typeof sparsity === 'object') {
      const other = single ?? (options.scope === 'layer' ? 'scope' : 'sparsity');
      refuse(
        other,
        `${other} cannot be by parameter with pattern { sets }: a set may belong to several parameters`,
      );
    }
  }
  if (typeof minSparsity === 'number' && typeof maxSparsity === 'number') {
    if (minSparsity > maxSparsity) {
      throw optionError('minSparsity', `at most maxSparsity (${maxSparsity})`, minSparsity);
    }
  }
}

function checkSparsities(option: string, given: number | ByName<number> | undefined): void {
  if (given === undefined) return;
  if (typeof given === 'number') checkSparsity(given, option);
  else if (typeof given !== 'object' || given === null || Object.keys(given).length === 0) {
    throw optionError(option, 'a number from 0 to 1, or one for each of some parameters', given);
  } else {
    for (const [name, value] of Object.entries(given)) {
      checkSparsity(value, `${option} of "${name}"`);
    }
  }
}

/** Refuses names that are no prunable parameter. */
export function checkBudgetNames(budgets: Budgets, names: readonly string[]): void {
  for (const option of ['sparsity', 'minSparsity', 'maxSparsity', 'cost'] as const) {
    const given = budgets[option];
    if (typeof given !== 'object') continue;
    const unknown = Object.keys(given).find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `${option} names "${unknown}", which is no prunable parameter; there are ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`,
      { option, parameter: unknown },
    );
  }
}

/** FLOPs of a weight, by parameter. */
export function costsOf({ cost }: Budgets, parameters: readonly { name: string }[]): number[] {
  return parameters.map(({ name }) => cost[name] ?? 1);
}

function refuse(option: string, message: string): never {
  throw new WoodFisherError('ERR_WOODFISHER_OPTION', message, { option });
}
