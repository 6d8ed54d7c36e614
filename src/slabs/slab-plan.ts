import { checkTile } from '../blocks/block-parameters.js';
import { WoodFisherError } from '../errors.js';
import { stateBytes, sumArrays } from '../fisher/state-layout.js';
import { requireGroups } from '../groups/group-model.js';
import { plannedBytes } from '../memory/array-plan.js';
import { formatBytes } from '../memory/byte-size.js';
import { planRun } from '../plan/run-plan.js';
import type { RunPlan, RunSettings } from '../plan/run-settings.js';
import { cutSlabs, leastSlabBytes } from './cut-slabs.js';
import { slabMeter } from './slab-memory.js';
import { scoreBytes } from './slab-scores.js';
import { isDivisible, type Slab, sliceSize } from './slice.js';

/**
 * Samples of a batch, where memory does not ask for fewer: two are held, beside the state, and nothing is
 * summed while the first of a slab is read.
 */
const USUAL_BATCH = 16;

/** A weight with its mask on disk. */
const STEP_BYTES = 4 + 1;

/** What reading, writing and messages to threads leave for a later garbage collection. */
const OF_NODE_BYTES = 40 * 2 ** 20;

/** How a model is pruned that is not in memory as a whole. */
export interface SlabPlan {
  run: RunPlan;
  slabs: Slab[];
  /** Samples of a batch. */
  gradientBatch: number;
  /** Whether the Fisher of each slab is kept on disk from one pass to the next, or made again. */
  keepsState: boolean;
  /** Times that the gradients are read. */
  passes: number;
  bytes: {
    /** That the run may take. */
    budget: number;
    /** That the largest slab takes. */
    memory: number;
    /** Of all gradient samples. */
    gradients: number;
    /** On disk while it runs. */
    scratch: number;
  };
}

/**
 * Plans a run in slabs: a pure function of shapes, settings and the budget.
 *
 * @param settings With the number of samples, where it is known.
 * @param gradientBytes Of all samples of the prunable parameters; 0 where that is not known.
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` where not even one block fits.
 */
export function planSlabs(
  settings: RunSettings,
  budget: number,
  gradientBytes: number,
  diskBytes = Number.POSITIVE_INFINITY,
): SlabPlan {
  const { pattern, blockSize } = settings;
  const fewest = settings.gradientBatch ?? 1;
  const usual = settings.gradientBatch ?? Math.min(settings.samples ?? USUAL_BATCH, USUAL_BATCH);
  for (let gradientBatch = usual; gradientBatch >= fewest; gradientBatch >>= 1) {
    const run = planRun({ ...settings, gradientBatch });
    if (pattern !== undefined) {
      requireGroups(run.shapes, pattern);
      for (const shape of run.shapes) checkTile(shape, pattern, blockSize);
    }
    const needsOf = slabMeter(run);
    const slabs = cutSlabs(run, budget - Math.min(budget / 4, OF_NODE_BYTES), needsOf);
    if (slabs === undefined) continue;
    const memory = largestOf(slabs, (slab) => needsOf(slab).total);
    const again = run.solver === undefined ? 0 : passesOf(settings) - 1;
    const state = run.solver === undefined ? 0 : stateOnDisk(run);
    const bytesOfWeight = STEP_BYTES + betweenSteps(settings) + (settings.scores ? 4 : 0);
    const scratch = slabs.flat().reduce((sum, slice) => {
      return sum + scoreBytes(slice) + bytesOfWeight * sliceSize(slice);
    }, 0);
    // Written once and read as often as the gradients would be.
    const keepsState =
      again > 0 && (1 + again) * state < again * gradientBytes && scratch + state < 0.9 * diskBytes;
    return {
      ...{ run, slabs, gradientBatch, keepsState },
      passes: run.solver === undefined ? 0 : keepsState ? 1 : 1 + again,
      bytes: {
        ...{ budget, memory, gradients: gradientBytes },
        scratch: scratch + (keepsState ? state : 0),
      },
    };
  }
  throw tooSmall(settings, budget, fewest);
}

/** Bytes of a weight on disk for the model before a step, and the ends of a line search. */
function betweenSteps({ steps = 1, firstOrder, measuresLoss }: RunSettings): number {
  const before = steps > 1 || measuresLoss ? STEP_BYTES : 0;
  return before + (firstOrder === 'search' ? 2 * STEP_BYTES : 0);
}

/** The largest value that slabs have; there may be more of them than a call takes arguments. */
export function largestOf(slabs: readonly Slab[], of: (slab: Slab) => number): number {
  return slabs.reduce((most, slab) => Math.max(most, of(slab)), 0);
}

/** How often a step goes over all slabs. */
function passesOf({ damping, pattern, firstOrder }: RunSettings): number {
  const relative = typeof damping === 'object'; // λ depends on the gradients of all slabs
  const ranks = pattern?.kind !== 'subsets'; // n:m asks for no threshold over all slabs
  const searches = firstOrder === 'search'; // the updates of α = 0 and α = 1
  return (relative ? 1 : 0) + (ranks ? 2 : 1) + (searches ? 1 : 0);
}

function stateOnDisk({ shapes, solver, samples = 0, gradientBatch = samples }: RunPlan): number {
  const lowOrder = solver?.name === 'gram' && samples / gradientBatch > 400;
  return shapes.reduce(
    (sum, shape) =>
      sum +
      stateBytes(shape, solver?.name ?? 'gram', samples, lowOrder) +
      plannedBytes(sumArrays(shape)),
    0,
  );
}

function tooSmall(settings: RunSettings, budget: number, gradientBatch: number): WoodFisherError {
  const run = planRun({ ...settings, gradientBatch });
  const needed = leastSlabBytes(run, slabMeter(run));
  const what = run.shapes.every(isDivisible)
    ? `one block of ${run.blockSize} weights`
    : `one block of ${run.blockSize} weights, or a parameter whose rows are no multiple of the groups,`;
  return new WoodFisherError(
    'ERR_WOODFISHER_OPTION',
    `memory must be at least ${formatBytes((4 / 3) * needed)}, what ${what} takes with ${run.threads} threads, but is ${formatBytes(budget)}; allow more, or use a smaller blockSize or fewer threads`,
    { option: 'memory', value: budget },
  );
}
