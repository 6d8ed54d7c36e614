import type { StepsDone } from '../step-journal.js';
import { readArrays } from './slab-arrays.js';
import type { SlabRecords } from './slab-records.js';

/** Weights and masks after a step, in the model's layout. */
interface SteppedWeights {
  data: Float32Array;
  mask: Uint8Array;
}

/** What earlier steps of a run have come to; undefined where none is done. */
export async function doneSteps(records: SlabRecords): Promise<StepsDone | undefined> {
  return await records.read<StepsDone>('steps');
}

/** Records that a step is done, whose results are in its folder; what led to them goes. */
export async function recordStep(records: SlabRecords, done: StepsDone): Promise<void> {
  await records.write('steps', done);
  await records.dropStep(done.count - 2);
  await (await records.ofStep(done.count - 1)).keepOnlyResults();
}

/** Writes the weights and masks of a step that was done with the model in memory, as a single slab. */
export async function keepStep(
  records: SlabRecords,
  done: StepsDone,
  parameters: readonly SteppedWeights[],
): Promise<void> {
  const own = await records.ofStep(done.count - 1);
  const arrays = parameters.flatMap(({ data, mask }) => [data, mask]);
  await own.keep('results', 0, arrays);
  await recordStep(records, done);
}

/** Fills weights and masks with those after the last step that is done. */
export async function restoreStep(
  records: SlabRecords,
  done: StepsDone,
  parameters: readonly SteppedWeights[],
): Promise<void> {
  const own = await records.ofStep(done.count - 1);
  const arrays = parameters.flatMap(({ data, mask }) => [data, mask]);
  await readArrays(own.path('results', 0), arrays);
}
