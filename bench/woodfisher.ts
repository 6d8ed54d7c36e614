import { BlockFisher, type EngineName, type Parameter } from '../src/index.js';
import { defaultThreads } from '../src/pool/threads.js';
import { BatchMemory } from './batch-memory.js';
import type { Contender, ContenderKind, RunTimes } from './contender.js';
import { timed } from './stopwatch.js';
import { fillSamples, type Workload } from './workload.js';

/** Settings of {@link woodfisher}. */
export interface WoodfisherOptions {
  /** Where the batches are put; memory of its own by default. */
  memory?: BatchMemory;
}

/** The package itself, by its public API. The JavaScript engine is one of the rivals. */
export function woodfisher(
  engine: EngineName,
  { memory = new BatchMemory() }: WoodfisherOptions = {},
): ContenderKind<FisherRun> {
  return {
    name: engine,
    title: `woodfisher, ${engine} engine`,
    tolerance: 1e-6,
    start: async (workload) => new FisherRun(workload, engine, memory),
  };
}

/**
 * Weights of a parameter at most: an array of 4 GiB and more does not reach a worker whole (its length is
 * sent in 32 bits by Node 20).
 */
const LARGEST = 5e6;

/** A Fisher built from batches on shared memory, so that nothing is copied; `add` only reads them. */
class FisherRun implements Contender {
  readonly #workload: Workload;
  readonly #engine: EngineName;
  readonly #parameters: Parameter[];
  readonly #batches: Record<string, Float32Array>[];
  readonly #diagonal: Float64Array;
  #ranOn = 0;

  constructor(workload: Workload, engine: EngineName, memory: BatchMemory) {
    const { weights, blockSize, batch, distinct } = workload;
    this.#workload = workload;
    this.#engine = engine;
    this.#diagonal = new Float64Array(weights);
    this.#parameters = [];
    this.#batches = Array.from({ length: distinct }, () => ({}));
    const largest = Math.floor(LARGEST / blockSize) * blockSize;
    for (let weight = 0; weight < weights; weight += largest) {
      const size = Math.min(largest, weights - weight);
      const name = `weights from ${weight}`;
      this.#parameters.push({ name, shape: [1, size], data: new Float32Array(size).fill(0.1) });
      this.#batches.forEach((rows, i) => {
        rows[name] = memory.array(`${name}, batch ${i}`, batch * size);
        fillSamples(rows[name], size, { sample: i * batch, weight });
      });
    }
  }

  /** Runs on `threads` threads, by default on all. */
  async run(threads = defaultThreads()): Promise<RunTimes> {
    this.#ranOn = threads;
    const { blockSize, samples, batch, distinct, solver, damping } = this.#workload;
    const parameters = this.#parameters;
    const engine = this.#engine;
    const settings = { parameters, blockSize, samples, damping, solver, engine, threads };
    const fisher = await BlockFisher.create(settings);
    try {
      const { seconds: sum } = await timed(async () => {
        let last = Promise.resolve();
        for (let i = 0; i < samples / batch; i++) {
          ({ released: last } = await fisher.add(this.#batches[i % distinct]));
        }
        await last;
      });
      const { result, seconds: invert } = await timed(async () => {
        const inverse = await fisher.invert();
        return await inverse.diagonal();
      });
      let at = 0;
      for (const { name, data } of parameters) {
        this.#diagonal.set(result[name], at);
        at += data.length;
      }
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
