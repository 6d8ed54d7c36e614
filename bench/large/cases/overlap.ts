import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../../median.js';
import { differingLayers } from '../differing-layers.js';
import { forgetPages, readSequentially } from '../page-cache.js';
import { type Ran, runCommand } from '../run-command.js';
import { type LargeSettings, pruningOf } from '../settings.js';

/** Weights of a layer; so many of them are pruned in memory for comparison. */
const LAYER = [1000, 2000] as const;
const IN_MEMORY = 4;

/** Samples of a batch, the same in slabs as in memory, so that the bits are. */
const BATCH = ['--gradient-batch', '16'];

/**
 * Wall time in slabs beside the larger of the arithmetic in memory, scaled up from a few layers, and
 * the reading of the gradients, each with no page of them in memory at the start.
 */
export async function measureOverlap(
  folder: string,
  { millions, memory, runs }: LargeSettings,
): Promise<Record<string, number>> {
  const layers = Math.max(IN_MEMORY, Math.round((millions * 1e6) / (LAYER[0] * LAYER[1])));
  const made = (count: number) => ({ layers: count, shape: LAYER, samples: 64 });
  const few = await pruningOf(join(folder, 'few'), made(IN_MEMORY));
  const one = await pruningOf(join(folder, 'one'), made(1));
  const all = await pruningOf(join(folder, 'all'), made(layers));
  const [alone, out] = ['alone', 'out'].map((name) => join(folder, name));
  const resident = ['--memory-limit', '16GiB', ...BATCH];
  await runCommand([...one.flags, ...resident, '--out', alone]);

  const slabs: Ran[] = [];
  const arithmetic: number[] = [];
  const arithmeticCpu: number[] = [];
  const reading: number[] = [];
  for (let run = 0; run < runs; run++) {
    await forgetPages(all.gradients);
    reading.push(await readSequentially(all.gradients));
    const done = await runCommand([...few.flags, ...resident, '--out', out]);
    arithmetic.push((phases(done) * layers) / IN_MEMORY);
    arithmeticCpu.push((done.cpuSeconds * layers) / IN_MEMORY);
    await rm(out, { recursive: true });
    await forgetPages(all.gradients);
    slabs.push(await runCommand([...all.flags, '--memory', memory, ...BATCH, '--out', out]));
    const differing = await differingLayers(out, alone);
    if (differing.length > 0) throw new Error(`${differing} are not what they are in memory`);
    await rm(out, { recursive: true });
  }
  const bound = Math.max(median(arithmetic), median(reading));
  const seconds = median(slabs.map((ran) => ran.seconds));
  return {
    'millions of weights': (layers * LAYER[0] * LAYER[1]) / 1e6,
    'seconds in slabs': seconds,
    'seconds of processor time in slabs': median(slabs.map((ran) => ran.cpuSeconds)),
    'seconds of arithmetic in memory': median(arithmetic),
    'seconds of processor time in memory': median(arithmeticCpu),
    'seconds to read the gradients': median(reading),
    'ratio to the larger': seconds / bound,
    'MB at most': Math.max(...slabs.map(({ peakBytes }) => peakBytes)) / 1e6,
  };
}

/** Seconds of the phases of a run in which it computes. */
function phases({ events }: Ran): number {
  const told = events.at(-1)?.phases as { name: string; seconds: number }[];
  return told.filter(({ name }) => name !== 'read').reduce((sum, { seconds }) => sum + seconds, 0);
}
