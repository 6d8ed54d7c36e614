import { accuracyText } from '../../examples/digits/accuracy-text.js';
import { type Cell, cellsOf } from './grid.js';
import type { CompletedRun } from './run-quality.js';
import type { Settled } from './settle.js';
import type { Subject } from './subjects.js';
import { TimeEstimate } from './time-estimate.js';

/** Says how long a bench is going to take, and each run as it is done. */
export class Progress {
  readonly #settled: Settled;
  readonly #print: (line: string) => void;
  /** Expected seconds of a run of each cell. */
  readonly #expected = new Map<string, number>();
  /** Expected seconds of the runs that are still to be done. */
  #left = 0;
  /** Expected and real seconds of those that were done now. */
  #expectedDone = 0;
  #done = 0;

  constructor(settled: Settled, print: (line: string) => void) {
    this.#settled = settled;
    this.#print = print;
  }

  /** Prints what is to be done and about how long that takes. */
  async announce(): Promise<void> {
    const { subjects, seeds, sizes, skipped } = this.#settled;
    const estimate = new TimeEstimate(sizes);
    const cells = cellsOf(this.#settled);
    for (const cell of cells) {
      const seconds = await estimate.ofRun(cell);
      this.#expected.set(titleOf(cell), seconds);
      this.#left += seconds * seeds.length;
    }
    for (const [name, why] of Object.entries(skipped)) this.#print(`${name} left out: ${why}`);
    const count = `${subjects.length * seeds.length} networks, ${cells.length * seeds.length} runs`;
    this.#print(
      `${count}: about ${durationText(this.#left)} where nothing is kept, and the training`,
    );
  }

  trained({ name }: Subject, seed: number, seconds: number): void {
    this.#print(`${name}, seed ${seed}: trained in ${durationText(seconds)}`);
  }

  ran({ cell, seed, result, kept }: CompletedRun): void {
    const title = titleOf(cell);
    const expected = this.#expected.get(title) ?? 0;
    this.#left -= expected;
    if (!kept) {
      this.#expectedDone += expected;
      this.#done += result.seconds;
    }
    const found = accuracyText({ mean: result.accuracy, sd: null });
    const took = kept ? 'kept' : durationText(result.seconds);
    const slower = this.#expectedDone > 0 ? this.#done / this.#expectedDone : 1;
    this.#print(
      `${title}, seed ${seed}: ${found} % (${took}), ${durationText(slower * this.#left)} left`,
    );
  }
}

function titleOf({ subject, method, sparsity, samples }: Cell): string {
  const of = samples === null ? '' : `, N = ${samples}`;
  return `${subject.name}, ${method.name}, ${Number((100 * sparsity).toFixed(2))} %${of}`;
}

function durationText(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(0)} min`;
}
