import type { MemorySuggestion } from '../memory-refusal.js';
import { dualIsAccurate, mostDualSamples } from '../solvers/choose.js';
import { isPlain } from '../solvers/form.js';
import { memoryOf } from './memory.js';
import { planRun } from './run-plan.js';
import type { RunSettings } from './run-settings.js';

/** Smaller blocks see hardly more than single weights, and fewer samples say little; not suggested. */
const SMALLEST_BLOCK = 4;
const FEWEST_SAMPLES = 16;

/**
 * What would make a run fit into `limit` bytes, found by trying: the largest block size, the largest
 * batch, both where neither is enough, dual, the parameters in several runs, and dual with fewer
 * samples. Empty where none of these does.
 */
export function suggestMemory(settings: RunSettings, limit: number): MemorySuggestion[] {
  const blocks = smallerBlocks(settings, limit);
  const batch = smallerBatch(settings, limit);
  const both = blocks ?? batch ?? smallerBoth(settings, limit);
  const dual = byDual(settings, limit);
  const some = both === blocks || both === batch ? [blocks, batch] : [both];
  const runs = severalRuns(settings, limit);
  const lossless = dual?.settings.samples === undefined;
  return [...some, ...(lossless ? [dual, runs] : [runs, dual])].filter(
    (suggestion) => suggestion !== undefined,
  );
}

function smallerBlocks(settings: RunSettings, limit: number): MemorySuggestion | undefined {
  return withLargest(settings, limit, SMALLEST_BLOCK, settings.blockSize - 1, (blockSize) => ({
    blockSize,
  }));
}

function byDual(settings: RunSettings, limit: number): MemorySuggestion | undefined {
  if (settings.solver === undefined || settings.solver === 'dual') return undefined;
  if (settings.form !== undefined && !isPlain(settings.form)) return undefined;
  const { shapes } = planRun({ ...settings, solver: 'gram' });
  const longest = Math.max(...shapes.map(({ blockOrder }) => blockOrder));
  const most = Math.min(settings.samples ?? longest, longest);
  const accurate = dualIsAccurate(longest, most) ? most : mostDualSamples(longest);
  const fewest = Math.min(FEWEST_SAMPLES, settings.samples ?? FEWEST_SAMPLES);
  return withLargest(settings, limit, fewest, accurate, (samples) =>
    samples === settings.samples ? { solver: 'dual' } : { solver: 'dual', samples },
  );
}

function smallerBatch(settings: RunSettings, limit: number): MemorySuggestion | undefined {
  const { gradientBatch = 1 } = settings;
  return withLargest(settings, limit, 1, gradientBatch - 1, (k) => ({ gradientBatch: k }));
}

function smallerBoth(settings: RunSettings, limit: number): MemorySuggestion | undefined {
  const { gradientBatch = 1 } = settings;
  for (let k = gradientBatch; k >= 1; k = Math.floor(k / 2)) {
    const found = withLargest(settings, limit, SMALLEST_BLOCK, settings.blockSize, (blockSize) => ({
      blockSize,
      gradientBatch: k,
    }));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The parameters in order, as many in a run as fit. */
function severalRuns(settings: RunSettings, limit: number): MemorySuggestion | undefined {
  const { shapes } = planRun(settings, limit);
  const runs: string[][] = [[]];
  let largest = 0;
  for (const { name } of shapes) {
    const run = runs[runs.length - 1];
    let bytes = bytesOf(onlySome(settings, [...run, name]), limit);
    if (bytes <= limit) run.push(name);
    else {
      bytes = bytesOf(onlySome(settings, [name]), limit);
      if (bytes > limit) return undefined;
      runs.push([name]);
    }
    largest = Math.max(largest, bytes);
  }
  return { settings: { runs: runs.filter(({ length }) => length > 0) }, bytes: largest };
}

/** The same run in which no other parameter is pruned. */
export function onlySome(settings: RunSettings, names: readonly string[]): RunSettings {
  const some = new Set(names);
  return {
    ...settings,
    parameters: settings.parameters.map((parameter) =>
      some.has(parameter.name) ? parameter : { ...parameter, prunable: false },
    ),
  };
}

/**
 * The largest value in [least, most] with which the run fits, or nearly: memory grows with each of
 * the settings, but small batches may need rounding errors kept, and blocks leave remainders. So a
 * value that fits is looked for from the top, by halves, and then the next one that does not.
 */
function withLargest(
  settings: RunSettings,
  limit: number,
  least: number,
  most: number,
  change: (value: number) => MemorySuggestion['settings'],
): MemorySuggestion | undefined {
  const bytes = (value: number): number => bytesOf({ ...settings, ...change(value) }, limit);
  let low = most;
  while (low > least && bytes(low) > limit) low = Math.max(least, Math.floor(low / 2));
  if (low < least || bytes(low) > limit) return undefined;
  let high = Math.min(most, 2 * low + 1);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (bytes(middle) <= limit) low = middle;
    else high = middle - 1;
  }
  return { settings: change(low), bytes: bytes(low) };
}

/** Bytes of a run; Infinity where its settings do not go together. */
function bytesOf(settings: RunSettings, limit: number): number {
  try {
    return memoryOf(planRun(settings, limit)).total;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
