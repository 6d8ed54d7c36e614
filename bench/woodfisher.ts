import { BlockFisher, type EngineOption } from '../src/index.js';
import type { Contender, ContenderKind } from './contender.js';
import { timed } from './stopwatch.js';
import { fillSamples, type Workload } from './workload.js';

/** The package itself, by its public API. The JavaScript engine is one of the rivals. */
export function woodfisher(engine: EngineOption, threads?: number): ContenderKind {
  return {
    name: engine,
    title: `woodfisher, ${engine} engine`,
    tolerance: 1e-6,
    start: async (workload) => new FisherRun(workload, engine, threads),
  };
}

const NAME = 'weights';

class FisherRun implements Contender {
  readonly #workload: Workload;
  readonly #engine: EngineOption;
  readonly #threads: number | undefined;
  readonly #weights: Float32Array;
  /** On shared memory, so that nothing is copied; `add` only reads them. */
  readonly #batches: Float32Array[];
  #diagonal = new Float64Array(0);

  constructor(workload: Workload, engine: EngineOption, threads: number | undefined) {
    const { weights, batch, distinct } = workload;
    this.#workload = workload;
    this.#engine = engine;
    this.#threads = threads;
    this.#weights = new Float32Array(weights).fill(0.1);
    this.#batches = Array.from({ length: distinct }, (_, i) => {
      const rows = new Float32Array(new SharedArrayBuffer(4 * batch * weights));
      fillSamples(rows, i * batch, weights);
      return rows;
    });
  }

  async run() {
    const { blockSize, samples, batch, distinct, solver, damping } = this.#workload;
    const fisher = await BlockFisher.create({
      parameters: [{ name: NAME, shape: [1, this.#weights.length], data: this.#weights }],
      blockSize,
      samples,
      damping,
      solver,
      engine: this.#engine,
      threads: this.#threads,
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
}
