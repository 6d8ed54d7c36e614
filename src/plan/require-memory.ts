import { WoodFisherError } from '../errors.js';
import { describeBudget } from '../memory/budget.js';
import { formatBytes } from '../memory/byte-size.js';
import type {
  MemoryBudget,
  MemoryBytes,
  MemoryRefusal,
  MemorySuggestion,
} from '../memory-refusal.js';
import { memoryOf, type PlannedMemory } from './memory.js';
import { planRun } from './run-plan.js';
import type { RunPlan, RunSettings } from './run-settings.js';
import { suggestMemory } from './suggest.js';

/** A run that fits its budget. */
export interface FittingRun {
  plan: RunPlan;
  memory: PlannedMemory;
  /** Bytes that its arrays on shared memory may take at one time. */
  arrayLimit: number;
}

/**
 * Plans a run within a memory budget, before anything is allocated.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MEMORY` when it does not fit, with the bytes by item and
 *   settings that do, and what {@link planRun} throws.
 */
export function fitRun(settings: RunSettings, budget: MemoryBudget): FittingRun {
  const limit = budget.source === 'memoryLimit' ? budget.bytes : undefined;
  const plan = planRun(settings, limit);
  const { afterSamples, ...needed } = memoryOf(plan);
  if (needed.total > budget.bytes) {
    throw refusal({ needed, budget, suggestions: suggestMemory(settings, budget.bytes) });
  }
  // At the peak of the arrays fewer kernels may be at work than at that of the scratch.
  const arrayLimit = Math.max(budget.bytes - needed.scratch, needed.shared);
  return { plan, memory: { afterSamples, ...needed }, arrayLimit };
}

/** Names of settings in messages; those without a name are not suggested. */
export type SettingNames = Partial<
  Record<'memoryLimit' | keyof MemorySuggestion['settings'], string>
>;

const OPTION_NAMES: SettingNames = {
  memoryLimit: 'memoryLimit',
  blockSize: 'blockSize',
  solver: 'solver',
  samples: 'samples',
  gradientBatch: 'gradientBatch',
  runs: 'runs',
};

/** The refusal in words. */
export function refusalMessage(
  { needed, budget, suggestions }: MemoryRefusal,
  names: SettingNames = OPTION_NAMES,
): string {
  const items = ITEMS.filter(([key]) => needed[key] > 0)
    .toSorted(([a], [b]) => needed[b] - needed[a])
    .map(([key, what]) => `${what} ${formatBytes(needed[key])}`);
  const limit = describeBudget(budget).replace('memoryLimit', names.memoryLimit ?? 'memoryLimit');
  const fitting = suggestions.flatMap((suggestion) => describe(suggestion, names) ?? []);
  const way =
    fitting.length > 0
      ? `what would fit: ${fitting.join('; or ')}`
      : 'no block size, batch or number of samples would fit; allow more memory, or prune a part of the model';
  return `this run needs ${formatBytes(needed.total)} (${items.join(', ')}; not all at one time), but ${limit}; ${way}`;
}

const ITEMS: readonly (readonly [keyof MemoryBytes, string])[] = [
  ['state', 'state'],
  ['batches', 'batches'],
  ['sums', 'sums'],
  ['weights', 'weights'],
  ['results', 'results'],
  ['counts', 'counts'],
  ['scratch', 'scratch'],
  ['outputs', 'outputs'],
];

function describe({ settings, bytes }: MemorySuggestion, names: SettingNames): string | undefined {
  const keys = Object.keys(settings) as (keyof typeof settings)[];
  if (keys.some((key) => names[key] === undefined)) return undefined;
  const size = formatBytes(bytes);
  const { runs } = settings;
  if (runs !== undefined) return `the parameters in ${runs.length} runs (${size} at most)`;
  const words = keys.map((key) => `${names[key]} ${JSON.stringify(settings[key])}`);
  return `${words.join(' with ')} (${size})`;
}

function refusal(memory: MemoryRefusal): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_MEMORY', refusalMessage(memory), {
    option: 'memoryLimit',
    value: memory.budget.bytes,
    memory,
  });
}
