import type { Pass, SlabRecord } from '../slab-records.js';
import type { SlabRun } from '../slab-run.js';
import type { SlabWork } from '../slab-work.js';
import { inTensor } from '../tensor-error.js';

/** Works on each slab that has no record of the pass; records of all slabs. */
export async function passOver(
  { context, run }: SlabWork,
  pass: Pass,
  work: (slab: number, before: readonly SlabRecord[]) => Promise<SlabRecord>,
): Promise<SlabRecord[]> {
  const { plan, records, onProgress } = run;
  const total = plan.slabs.length;
  const all = await recorded(run, pass);
  onProgress?.({ phase: pass, done: all.length, total, unit: 'slabs' });
  while (all.length < total) {
    const k = all.length;
    const giveBack = context.lease.mark();
    try {
      const record = await work(k, all);
      await records.set(pass, k, record);
      all.push(record);
    } catch (error) {
      throw inTensor(error, plan.slabs[k]);
    } finally {
      giveBack();
    }
    onProgress?.({ phase: pass, done: all.length, total, unit: 'slabs' });
  }
  return all;
}

/** The records of the first slabs, as many as there are. */
async function recorded({ plan, records }: SlabRun, pass: Pass): Promise<SlabRecord[]> {
  const all: SlabRecord[] = [];
  while (all.length < plan.slabs.length) {
    const record = await records.get(pass, all.length);
    if (record === undefined) break;
    all.push(record);
  }
  return all;
}
