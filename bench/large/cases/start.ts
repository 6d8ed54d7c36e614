import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../../median.js';
import { startWork } from '../run-command.js';
import { type LargeSettings, pruningOf } from '../settings.js';

/** Seconds to the first progress of a model of 100 GB that has nothing but headers. */
export async function measureStart(
  folder: string,
  { runs }: LargeSettings,
): Promise<Record<string, number>> {
  const { flags } = await pruningOf(folder, {
    ...{ layers: 745, shape: [8192, 8192], samples: 64, sparse: true },
  });
  const [work, out] = ['work', 'out'].map((name) => join(folder, name));
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const limits = ['--memory', '2GiB', '--work-dir', work, '--out', out];
    const { begins, running } = startWork([...flags, ...limits]);
    times.push(await begins);
    running.kill();
    await running.ended.catch(() => undefined);
    await rm(work, { recursive: true });
  }
  return { 'seconds to the first progress': median(times) };
}
