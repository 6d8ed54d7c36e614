import { WoodFisherError } from '../errors.js';
import { parseBytes } from '../memory/byte-size.js';
import { freeMemory } from '../memory/free-memory.js';
import { memoryOf } from '../plan/memory.js';
import { planRun } from '../plan/run-plan.js';
import { presetSamples } from '../presets.js';
import { needsMemory } from '../slabs/needs-memory.js';
import { planSlabs } from '../slabs/slab-plan.js';
import type { ChosenWay, Way } from '../slabs/work-directory.js';
import { batchWithin } from './announce-run.js';
import type { OpenedRun, RunFlags } from './open-run.js';

/**
 * Chooses how a run is done. In memory, unless it would take more than `memory` (default: half of what is
 * free), or a work directory asks for a run that can be resumed. Slabs are planned when the run begins.
 *
 * @param diskBytes Free where the scratch files go.
 * @param onSlabs Called before slabs are cut, which takes half a second for 50 billion weights.
 */
export function chooseWay(
  opened: OpenedRun,
  flags: RunFlags,
  diskBytes?: number,
  onSlabs?: () => void,
): ChosenWay {
  const { run, settings, model } = opened;
  const reason = needsMemory(settings);
  const asked = flags.memory ?? flags.workDir;
  // Jobs and steps are recorded with the model in memory, too.
  const jobs = flags.gradientsCommand ?? flags.lossCommand;
  const resumes = jobs !== undefined && flags.memory === undefined;
  if (asked !== undefined && reason !== undefined && !resumes) {
    const option = flags.memory === undefined ? 'workDir' : 'memory';
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `${option} is for runs in slabs, but ${reason}, which takes the model as a whole; leave ${option} out`,
      { option, value: asked },
    );
  }
  if (flags.workDir !== undefined && flags.memoryLimit !== undefined && jobs === undefined) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      'workDir cannot go with memoryLimit, which keeps the model in memory as a whole, where there is nothing to record; use memory in its place',
      { option: 'workDir', value: flags.workDir },
    );
  }
  const resident = (): Way & { inMemory: true } => ({
    inMemory: true,
    gradientBatch:
      settings.gradients === undefined
        ? undefined
        : (settings.gradientBatch ?? batchWithin(run, settings.memory)),
  });
  if (reason !== undefined || flags.memoryLimit !== undefined) return resident();
  const budget = flags.memory === undefined ? freeMemory() / 2 : parseBytes('memory', flags.memory);
  if (asked === undefined) {
    const inMemory = resident();
    const { gradientBatch } = inMemory;
    const total = memoryOf(planRun({ ...run, gradientBatch })).total;
    const weights = [...model.tensors.values()].reduce((sum, { size }) => sum + 4 * size, 0);
    if (total + weights <= budget) return inMemory;
  }
  return {
    inMemory: false,
    plan() {
      onSlabs?.();
      return planSlabs(run, budget, gradientBytes(opened), diskBytes);
    },
  };
}

/** Bytes of the gradients of a step; those that a command is going to write as F32. */
function gradientBytes({ gradients, prunable, settings }: OpenedRun): number {
  if (gradients === undefined) {
    const { samples, preset, gradients: some } = settings;
    if (some === undefined) return 0;
    const wanted = samples ?? presetSamples(preset ?? 'paper', 0);
    return prunable.reduce((sum, { size }) => sum + 4 * wanted * size, 0);
  }
  return prunable.reduce(
    (sum, { name, size }) => sum + gradients.samples * gradients.bytes(name, size),
    0,
  );
}
