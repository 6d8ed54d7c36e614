import { addToTrace, dampingOfTraces } from '../fisher/damping.js';
import type { EstimatedFisher } from '../fisher/estimate.js';
import type { Lambda } from '../fisher/lambda.js';
import { finalOf, lastBefore, prunedShapes } from './by-parameter.js';
import type { SlabPlan } from './slab-plan.js';
import type { SlabRecord } from './slab-records.js';
import type { SlabRun } from './slab-run.js';

/** λ; a relative one follows from the sums of all slabs. */
export function slabDamping(run: SlabRun, sums: readonly SlabRecord[]): Lambda {
  const { damping } = run.settings;
  if (typeof damping === 'number') return damping;
  if (sums.length === 0) return 1;
  return dampingOfTraces(prunedShapes(run.plan, sums), tracesOf(run, sums), damping);
}

/** By parameter: trace of F − λI. */
export function tracesOf(
  { plan, settings, gradients }: SlabRun,
  records: readonly SlabRecord[],
): number[] {
  const divisor = (gradients?.samples ?? 1) / settings.form.scale;
  return finalOf(plan, records, ({ traces }) => traces, 0).map((sum) => sum / divisor);
}

/** The sums behind the traces, as far as they go with slab k. */
export async function addTraces(
  plan: SlabPlan,
  k: number,
  fisher: EstimatedFisher | undefined,
  before: readonly SlabRecord[],
): Promise<number[] | undefined> {
  if (fisher === undefined) return undefined;
  const sums = lastBefore(plan, k, before, ({ traces }) => traces, 0);
  return await Promise.all(sums.map((sum, i) => addToTrace(fisher.state, i, sum)));
}
