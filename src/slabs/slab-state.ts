import { gradientBatches } from '../files/gradient-batches.js';
import type { MatchedGradients } from '../files/gradient-files.js';
import { type EstimatedFisher, estimateFisher } from '../fisher/estimate.js';
import { FisherState } from '../fisher/fisher-state.js';
import type { RunContext } from '../pool/run-context.js';
import type { PhaseClock } from '../progress/phase-clock.js';
import type { PruneSettings } from '../prune-options.js';
import type { ChosenSolver } from '../solvers/choose.js';
import type { LoadedSlice } from './loaded-slice.js';
import { readArrays } from './slab-arrays.js';
import type { SavedState, SlabRecords } from './slab-records.js';

/** What a slab's Fisher is made from. */
export interface SlabGradients {
  files: MatchedGradients;
  solver: ChosenSolver;
  gradientBatch: number;
  signal?: AbortSignal;
}

/** Makes the Fisher of a slab from the columns of the gradients that it has. Its damping is not settled. */
export async function makeState(
  context: RunContext,
  loaded: readonly LoadedSlice[],
  { files, solver, gradientBatch, signal }: SlabGradients,
  { damping, form }: PruneSettings,
  clock: PhaseClock,
): Promise<EstimatedFisher> {
  const columns = loaded.map(({ parameter: { name }, region }) => ({ name, region }));
  return await estimateFisher(
    context,
    loaded.map(({ parameter }) => parameter),
    {
      gradients: gradientBatches(files, columns, signal, gradientBatch, context.lease),
      samples: files.samples,
      damping: typeof damping === 'number' ? damping : 1,
      ...{ form, solver, others: [], afterSamples: 0 },
    },
    clock,
  );
}

/** Writes the Fisher of a slab. */
export async function keepState(
  records: SlabRecords,
  slab: number,
  state: FisherState,
): Promise<SavedState> {
  await records.keep('state', slab, arraysOf(state));
  const { samples, panels, keepsLowOrder: lowOrder, isCentred: centred } = state;
  return { samples, panels, lowOrder, centred };
}

/** Reads it back. */
export async function restoreState(
  context: RunContext,
  loaded: readonly LoadedSlice[],
  path: string,
  { samples, panels, lowOrder, centred }: SavedState,
  { damping, form }: PruneSettings,
  solver: ChosenSolver,
): Promise<EstimatedFisher> {
  const state = await FisherState.create(
    context,
    solver.name,
    loaded.map(({ parameter }) => parameter),
    { samples, form, damping: typeof damping === 'number' ? damping : undefined },
  );
  await state.adopt(samples, panels, { lowOrder, centred });
  await readArrays(path, arraysOf(state));
  await state.settle();
  return { state, solver, damping: 1, copiedValues: 0 };
}

function arraysOf({ parts }: FisherState): ArrayBufferView[] {
  return parts.flatMap(({ chunks, gradientSum, squareSum }) => [
    ...chunks.flatMap(({ states, lowOrder, rows }) => [states, lowOrder, rows]),
    gradientSum,
    squareSum,
  ]);
}
