import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../run-command.js';
import { type LargeSettings, pruningOf } from '../settings.js';

/** Peaks of resident memory of models of 50 and 200 million weights, with 4 gradient samples. */
export async function measureMemory(
  folder: string,
  { memory }: LargeSettings,
): Promise<Record<string, number>> {
  const peaks: number[] = [];
  for (const layers of [25, 100]) {
    const own = join(folder, `${layers}`);
    const { flags } = await pruningOf(own, { layers, shape: [1000, 2000], samples: 4 });
    const limits = ['--memory', memory, '--out', join(own, 'out')];
    peaks.push((await runCommand([...flags, ...limits])).peakBytes);
    await rm(own, { recursive: true });
  }
  const [small, large] = peaks;
  return {
    'MB at 50 million weights': small / 1e6,
    'MB at 200 million weights': large / 1e6,
    ratio: large / small,
  };
}
