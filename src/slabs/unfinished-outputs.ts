import { unlink } from 'node:fs/promises';
import type { SlabRecords } from './slab-records.js';

const NAME = 'outputs';

/** Removes the outputs that a run with these records was writing when it was killed. */
export async function removeUnfinished(records: SlabRecords): Promise<void> {
  const paths = (await records.read<string[]>(NAME)) ?? [];
  await Promise.all(paths.map((path) => unlink(path).catch(() => undefined)));
}

/** Writes down the paths of outputs in work; to be called with each before it is there. */
export function unfinishedIn(records: SlabRecords): (path: string) => Promise<void> {
  const paths: string[] = [];
  return async (path) => {
    if (!records.durable) return;
    paths.push(path);
    await records.write(NAME, paths);
  };
}
