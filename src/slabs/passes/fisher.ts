import type { EstimatedFisher } from '../../fisher/estimate.js';
import type { Lambda } from '../../fisher/lambda.js';
import type { LoadedSlice } from '../loaded-slice.js';
import type { SlabRecord } from '../slab-records.js';
import { makeState, restoreState, type SlabGradients } from '../slab-state.js';
import type { SlabWork } from '../slab-work.js';

/** The Fisher of a slab, out of its file where there is one, with the λ of its parameters. */
export async function slabFisher(
  { context, run, clock, ahead }: SlabWork,
  k: number,
  loaded: readonly LoadedSlice[],
  saved: SlabRecord['state'],
  damping: Lambda,
): Promise<EstimatedFisher | undefined> {
  const { plan, settings, gradients, input, records } = run;
  const { solver } = plan.run;
  if (gradients === undefined || solver === undefined) return undefined;
  const from: SlabGradients = {
    ...{ files: gradients, solver, gradientBatch: plan.gradientBatch, signal: input.signal },
  };
  const path = records.path('state', k);
  const fisher =
    saved === undefined
      ? await makeState(context, loaded, from, settings, clock)
      : await clock.time('read', () =>
          restoreState(context, loaded, path, saved, settings, solver),
        );
  if (saved === undefined) await ahead.start(k + 1);
  const lambda =
    typeof damping === 'number' ? damping : loaded.map(({ slice }) => damping[slice.index]);
  return { ...fisher, damping: lambda };
}
