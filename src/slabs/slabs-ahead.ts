import { readAhead } from '../files/gradient-batches.js';
import type { SlabRun } from './slab-run.js';
import { regionOf } from './slice.js';

/** Has what a slab needs first read while the one before is in work. */
export class SlabsAhead {
  readonly #run: SlabRun;
  #reading: ReturnType<typeof readAhead> | undefined;

  constructor(run: SlabRun) {
    this.#run = run;
  }

  /** Reads the first samples of slab k, where there is one, in place of what is being read. */
  async start(k: number): Promise<void> {
    const { plan, gradients } = this.#run;
    await this.stop();
    if (gradients === undefined || k === plan.slabs.length) return;
    const columns = plan.slabs[k].map((slice) => ({
      name: slice.shape.name,
      region: regionOf(slice),
    }));
    const samples = Math.min(gradients.samples, 2 * plan.gradientBatch);
    this.#reading = readAhead(gradients, columns, samples);
  }

  async stop(): Promise<void> {
    this.#reading?.stop();
    await this.#reading?.ended;
    this.#reading = undefined;
  }
}
