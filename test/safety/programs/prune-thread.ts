// A thread of a user's service that prunes: the library's pool is then a pool inside a thread.
import { parentPort, workerData } from 'node:worker_threads';
import { type PruneOptions, prune } from '../../../src/index.js';
import { pruneProblem } from './prune-problem.js';

export interface PruneThreadData {
  engine: PruneOptions['engine'];
  /** Advanced at each progress event. */
  events: Int32Array;
  /** Calls process.exit(), which ends this thread, at the first event. */
  exits?: boolean;
}

export const PRUNE_THREAD = new URL(import.meta.url);

if (parentPort !== null) {
  const { engine, events, exits } = workerData as PruneThreadData;
  const { parameters } = await prune({
    ...pruneProblem(),
    engine,
    onProgress: () => {
      Atomics.add(events, 0, 1);
      if (exits) process.exit(7);
    },
  });
  parentPort.postMessage(parameters.map(({ data }) => data));
}
