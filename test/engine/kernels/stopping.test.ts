import { Worker } from 'node:worker_threads';
import test from 'ava';
import { BLOCKS_DONE, CANCEL, type Kernels, type Status } from '../../../src/engine/kernels.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture } from '../fixture.js';
import { sharedArray } from '../shared-array.js';
import { SOLVERS } from './sweep.js';

const LARGE = 4096;

/** What the contract asks for is 10 ms of work; the rest is a busy machine. */
const LONGEST = 100;

/** A thread that sets the cancel word `delay` ms after it is woken, and says when it did. */
const TELLER = `
  const { workerData: { control, wake, told } } = require('node:worker_threads');
  for (;;) {
    Atomics.wait(wake, 0, 0);
    if (wake[1] < 0) break;
    const start = performance.timeOrigin + performance.now();
    const until = start + wake[1];
    while (performance.timeOrigin + performance.now() < until) Atomics.wait(wake, 2, 0, 1);
    Atomics.store(wake, 0, 0);
    told[0] = performance.timeOrigin + performance.now();
    Atomics.store(control, ${CANCEL}, 1);
  }
`;

/** Measures how long a call runs on after it was told to stop. */
class Stopwatch {
  readonly #control: Int32Array;
  readonly #wake = sharedArray(Int32Array, 3);
  readonly #told = sharedArray(Float64Array, 1);
  readonly #worker: Worker;

  constructor(control: Int32Array) {
    this.#control = control;
    const workerData = { control, wake: this.#wake, told: this.#told };
    this.#worker = new Worker(TELLER, { eval: true, workerData });
  }

  /** ms from the word to the end; undefined where the call was done before. */
  measure(delay: number, call: () => Status): number | undefined {
    Atomics.store(this.#control, CANCEL, 0);
    this.#wake[1] = delay;
    Atomics.store(this.#wake, 0, 1);
    Atomics.notify(this.#wake, 0);
    const { outcome } = call();
    const end = performance.timeOrigin + performance.now();
    while (Atomics.load(this.#control, CANCEL) === 0) Atomics.wait(this.#wake, 2, 0, 1);
    Atomics.store(this.#control, CANCEL, 0);
    if (outcome === 'done') return undefined;
    if (outcome !== 'cancelled') throw new Error(outcome);
    return end - this.#told[0];
  }

  async end(): Promise<void> {
    this.#wake[1] = -1;
    Atomics.store(this.#wake, 0, 1);
    Atomics.notify(this.#wake, 0);
    await this.#worker.terminate();
  }
}

function largeBlock(solver: (typeof SOLVERS)[number]): Fixture {
  const samples = solver === 'dual' ? 2000 : 256;
  const fixture = new Fixture({ solver, orders: [LARGE], samples, damping: 1 });
  if (solver !== 'dual') fixture.states.fill(0);
  for (let i = 0; solver === 'woodbury' && i < LARGE; i++) {
    fixture.states[(i * (i + 1)) / 2 + i] = 1;
  }
  fixture.rows.set(fixture.gradients.subarray(0, fixture.rows.length));
  return fixture;
}

/** Every kernel that works on the one block. */
function calls(kernels: Kernels, fixture: Fixture): Record<string, () => Status> {
  const range = fixture.range();
  const { samples } = fixture.plan;
  const input = sharedArray(Float64Array, LARGE).fill(1);
  const output = sharedArray(Float64Array, LARGE);
  const half = sharedArray(
    Uint8Array,
    Array.from({ length: LARGE }, (_, i) => i % 2),
  );
  const weights = fixture.weights.slice();
  const restored = (status: Status): Status => {
    fixture.weights.set(weights);
    return status;
  };
  const group = {
    weights: fixture.weights,
    indices: sharedArray(
      Uint32Array,
      Array.from({ length: LARGE }, (_, i) => i),
    ),
    offsets: sharedArray(Uint32Array, [0, LARGE]),
    groupFrom: 0,
    groupTo: 1,
    saliencies: sharedArray(Float64Array, 1),
  };
  return {
    accumulate: () => kernels.accumulate(fixture.accumulation(range, 0, samples)),
    invert: () => kernels.invert(fixture.inversion(range)),
    multiply: () => kernels.multiply({ ...range, input, output }),
    independent: () => restored(kernels.update(fixture.pruning('independent', half, range))),
    joint: () => restored(kernels.update(fixture.pruning('joint', half, range))),
    group: () => kernels.groupSaliency({ ...range, ...group }),
    greedy: () => kernels.greedy(fixture.tracing(0, range)),
    initialise: () => kernels.initialise(range),
  };
}

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    test.serial(
      `a block of 4096 weights is left soon after the word (${name}, ${solver})`,
      async (t) => {
        const fixture = largeBlock(solver);
        const stopwatch = new Stopwatch(fixture.control);
        const worst: string[] = [];
        for (const [kernel, call] of Object.entries(calls(kernels, fixture))) {
          let longest = 0;
          for (const delay of [2, 60, 250]) {
            // More than once where the machine is busy: what counts is that the kernel can.
            let shortest = Number.POSITIVE_INFINITY;
            for (let attempt = 0; attempt < 3 && shortest > 15; attempt++) {
              shortest = Math.min(shortest, stopwatch.measure(delay, call) ?? 0);
            }
            longest = Math.max(longest, shortest);
          }
          t.true(longest <= LONGEST, `${kernel}: ${longest} ms`);
          worst.push(`${kernel} ${longest.toFixed(1)}`);
        }
        t.log(`ms to stop: ${worst.join(', ')}`);
        await stopwatch.end();
      },
    );

    test(`each finished block is counted once, by every kernel (${name}, ${solver})`, (t) => {
      const orders = [50, 50, 7, 300, 1];
      const fixture = new Fixture({ solver, orders, samples: 20, firstBlock: 1 }).estimate(kernels);
      const range = fixture.range();
      const { size, control, mask, order, weights } = fixture;
      const [scores, counts] = [sharedArray(Float64Array, size), sharedArray(Float64Array, 65536)];
      const maskAfter = sharedArray(Uint8Array, size);
      const group = {
        ...range,
        weights,
        indices: sharedArray(Uint32Array, [50, 51, 407]),
        offsets: sharedArray(Uint32Array, [0, 2, 3]),
        groupFrom: 0,
        groupTo: 2,
        saliencies: sharedArray(Float64Array, 2),
      };
      const input = sharedArray(Float64Array, size);
      const choice = {
        ...{ grid: { size: 1, length: 1, step: 1 }, keep: 0 },
        ...{ mask, maskAfter, costs: sharedArray(Float64Array, size) },
      };
      const { diagonal, squareSum } = fixture;
      const score = {
        ...range,
        criterion: 'magnitude',
        weights,
        diagonal,
        squareSum,
        scores,
        order,
        seed: 0,
        stream: 0,
      } as const;
      const select = { ...range, scores, mask, order, score: 0 };
      const kernelCalls: Record<string, () => Status> = {
        accumulate: () => kernels.accumulate(fixture.accumulation(range, 0, 20)),
        invert: () => kernels.invert(fixture.inversion()),
        multiply: () =>
          kernels.multiply({ ...range, input, output: sharedArray(Float64Array, size) }),
        groupSaliency: () => kernels.groupSaliency(group),
        greedy: () => kernels.greedy(fixture.tracing()),
        chooseSubsets: () => kernels.chooseSubsets({ ...range, ...choice, weights }),
        chooseSmallest: () => kernels.chooseSmallest({ ...range, ...choice, scores }),
        score: () => kernels.score(score),
        countKeys: () =>
          kernels.countKeys({ ...select, level: 0, prefixes: Float64Array.of(0), counts }),
        countTies: () => kernels.countTies({ ...select, level: 0, prefix: 0, counts }),
        cut: () => kernels.cut({ ...select, maskAfter, lastTie: -1 }),
        update: () => kernels.update(fixture.pruning('joint', sharedArray(Uint8Array, size))),
      };
      if (solver !== 'dual') kernelCalls.initialise = () => kernels.initialise(range);
      for (const [kernel, call] of Object.entries(kernelCalls)) {
        control[BLOCKS_DONE] = 0;
        expectDone(call());
        t.is(control[BLOCKS_DONE], 4, kernel);
      }
    });
  }
}
