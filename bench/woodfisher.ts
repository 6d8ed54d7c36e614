import { BlockFisher, type EngineName } from '../src/index.js';
import { defaultThreads } from '../src/pool/threads.js';
import type { Contender, ContenderKind, RunTimes } from './contender.js';
import { batchBytes } from './flops.js';
import { timed } from './stopwatch.js';
import { fillSamples, type Workload } from './workload.js';

/** Settings of {@link woodfisher}. */
export interface WoodfisherOptions {
  /** Where the batches are put; new shared memory by default. */
  memory?: SharedArrayBuffer;
}

/** The package itself, by its public API. The JavaScript engine is one of the rivals. */
export function woodfisher(
  engine: EngineName,
  { memory }: WoodfisherOptions = {},
): ContenderKind<FisherRun> {
  return {
    name: engine,
    title: `woodfisher, ${engine} engine`,
    tolerance: 1e-6,
    start: async (workload) => new FisherRun(workload, engine, memory),
  };
}

const NAME = 'weights';

/** A Fisher built from batches on shared memory, so that nothing is copied; `add` only reads them. */
class FisherRun implements Contender {
  readonly #workload: Workload;
  readonly #engine: EngineName;
  readonly #weights: Float32Array;
  readonly #batches: Float32Array[];
  #diagonal = new Float64Array(0);
  #ranOn = 0;

  constructor(
    workload: Workload,
    engine: EngineName,
    memory = new SharedArrayBuffer(workload.distinct * batchBytes(workload)),
  ) {
    const { weights, batch, distinct } = workload;
    this.#workload = workload;
    this.#engine = engine;
    this.#weights = new Float32Array(weights).fill(0.1);
    this.#batches = Array.from({ length: distinct }, (_, i) => {
      const rows = new Float32Array(memory, i * batchBytes(workload), batch * weights);
      fillSamples(rows, i * batch, weights);
      return rows;
    });
  }

  /** Runs on `threads` threads, by default on all. */
  async run(threads = defaultThreads()): Promise<RunTimes> {
    this.#ranOn = threads;
    const { blockSize, samples, batch, distinct, solver, damping } = this.#workload;
    const fisher = await BlockFisher.create({
      parameters: [{ name: NAME, shape: [1, this.#weights.length], data: this.#weights }],
      blockSize,
      samples,
      damping,
      solver,
      engine: this.#engine,
      threads,
    });
    try {
      const { seconds: sum } = await timed(async () => {
        let last = Promise.resolve();
        for (let i = 0; i < samples / batch; i++) {
          ({ released: last } = await fisher.add({ [NAME]: this.#batches[i % distinct] }));
        }
        await last;
      });
      const { result, seconds: invert } = await timed(async () => {
        const inverse = await fisher.invert();
        return await inverse.diagonal();
      });
      this.#diagonal = result[NAME] as Float64Array<ArrayBuffer>;
      return { sum, invert };
    } finally {
      await fisher.dispose();
    }
  }

  diagonal(): Float64Array {
    return this.#diagonal;
  }

  threads(): number {
    return this.#ranOn;
  }
}
