import { WoodFisherError } from '../errors.js';
import { parseBytes } from '../memory/byte-size.js';
import { freeMemory } from '../memory/free-memory.js';
import { memoryOf } from '../plan/memory.js';
import { planRun } from '../plan/run-plan.js';
import { needsMemory } from '../slabs/needs-memory.js';
import { planSlabs, type SlabPlan } from '../slabs/slab-plan.js';
import { batchWithin } from './announce-run.js';
import type { OpenedRun } from './open-run.js';

/** How a run is done: with the model in memory, or a slab of it at a time. */
export type Way = { inMemory: true; gradientBatch?: number } | { inMemory: false; plan: SlabPlan };

/** What of the flags decides it. */
export interface WayFlags {
  memory?: string;
  memoryLimit?: string;
  workDir?: string;
}

/**
 * Chooses how a run is done. In memory, unless it would take more than `memory` (default: half of what is
 * free), or a work directory asks for a run that can be resumed.
 *
 * @param diskBytes Free where the scratch files go.
 */
export function chooseWay(opened: OpenedRun, flags: WayFlags, diskBytes?: number): Way {
  const { run, settings, gradients, model } = opened;
  const reason = needsMemory(settings);
  const asked = flags.memory ?? flags.workDir;
  if (asked !== undefined && reason !== undefined) {
    const option = flags.memory === undefined ? 'workDir' : 'memory';
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `${option} is for runs in slabs, but ${reason}, which takes the model as a whole; leave ${option} out`,
      { option, value: asked },
    );
  }
  const budget = flags.memory === undefined ? freeMemory() / 2 : parseBytes('memory', flags.memory);
  if (asked === undefined) {
    const gradientBatch =
      gradients === undefined
        ? undefined
        : (settings.gradientBatch ?? batchWithin(run, settings.memory));
    const inMemory: Way = { inMemory: true, gradientBatch };
    if (reason !== undefined || flags.memoryLimit !== undefined) return inMemory;
    const total = memoryOf(planRun({ ...run, gradientBatch })).total;
    const weights = [...model.tensors.values()].reduce((sum, { size }) => sum + 4 * size, 0);
    if (total + weights <= budget) return inMemory;
  }
  return { inMemory: false, plan: planSlabs(run, budget, gradientBytes(opened), diskBytes) };
}

function gradientBytes({ gradients, prunable }: OpenedRun): number {
  if (gradients === undefined) return 0;
  return prunable.reduce(
    (sum, { name, size }) => sum + gradients.samples * gradients.bytes(name, size),
    0,
  );
}
