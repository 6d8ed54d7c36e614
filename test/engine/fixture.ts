import type {
  AccumulateJob,
  AxisOrder,
  FirstOrder,
  GreedyJob,
  InvertJob,
  Kernels,
  SolverName,
  StateRange,
  UpdateJob,
  UpdateRule,
} from '../../src/engine/kernels.js';
import { type Dense, fisher, inverse } from '../oracle/dense.js';
import { randomArray, seeded } from '../random.js';
import { expectDone } from './fisher-diagonal.js';
import { sharedArray } from './shared-array.js';

/** What no kernel may write over. */
export const UNTOUCHED = -777;

/** What a parameter of a test is like. */
export interface Plan {
  solver: SolverName;
  /** Weights of each block. */
  orders: readonly number[];
  samples: number;
  damping?: number;
  seed?: number;
  /** Default: the model's layout is block order. outputs · before · after is the sum of the orders. */
  order?: AxisOrder;
  /** Share of the weights that were pruned before. */
  prunedBefore?: number;
  /** The chunk of the state begins with this block. */
  firstBlock?: number;
  /** Gradients as factors. */
  factored?: boolean;
}

/** One block by the definition, in plain numbers. */
export interface DenseBlock {
  begin: number;
  order: number;
  /** Gradients, [N][order], pruned coordinates zero. */
  samples: number[][];
  /** ḡ, the mean of the samples. */
  gradient: number[];
  f: Dense;
  inverse: Dense;
  weights: number[];
}

/** A parameter with random weights, mask and gradients, and every array that a job may want. */
export class Fixture {
  readonly plan: Plan;
  readonly size: number;
  readonly order: AxisOrder;
  readonly damping: number;
  readonly random: () => number;
  readonly starts: Uint32Array;
  readonly control = sharedArray(Int32Array, 2);
  readonly mask: Uint8Array;
  readonly weights: Float32Array;
  readonly gradients: Float32Array;
  readonly inputs: Float32Array;
  readonly deltas: Float32Array;
  readonly states: Float64Array;
  readonly rows: Float32Array;
  readonly lowOrder: Float64Array;
  readonly gradientSum: Float64Array;
  readonly squareSum: Float64Array;
  readonly diagonal: Float64Array;
  readonly condition: Float64Array;
  readonly losses: Float64Array;
  readonly keys: Float64Array;
  readonly marginalLosses: Float64Array;
  readonly stride: number;
  readonly #model: readonly number[];

  constructor(plan: Plan) {
    const { orders, samples, solver, prunedBefore = 0, firstBlock = 0 } = plan;
    this.plan = plan;
    this.random = seeded(plan.seed ?? 1);
    this.damping = plan.damping ?? 1e-3;
    this.size = orders.reduce((a, b) => a + b, 0);
    this.order = plan.order ?? { outputs: this.size, before: 1, after: 1 };
    this.starts = sharedArray(Uint32Array, orders.length + 1);
    orders.forEach((order, block) => {
      this.starts[block + 1] = this.starts[block] + order;
    });
    this.#model = this.modelIndices();
    const widest = Math.max(...orders);
    this.stride = (widest * (widest + 1)) / 2;
    const kept = Array.from({ length: this.size }, () => (this.random() < prunedBefore ? 0 : 1));
    this.mask = sharedArray(Uint8Array, kept);
    const weights = randomArray(this.size, this.random);
    this.weights = sharedArray(
      Float32Array,
      weights.map((w, c) => (kept[c] === 0 ? 0 : w)),
    );
    const { outputs, before, after } = this.order;
    this.inputs = sharedArray(Float32Array, randomArray(samples * before * after, this.random));
    this.deltas = sharedArray(Float32Array, randomArray(samples * outputs, this.random));
    this.gradients = sharedArray(Float32Array, randomArray(samples * this.size, this.random));
    const blocks = orders.length - firstBlock;
    const dual = solver === 'dual';
    this.states = sharedArray(Float64Array, dual ? 0 : blocks * this.stride).fill(UNTOUCHED);
    this.rows = sharedArray(Float32Array, dual ? blocks * samples * widest : 0).fill(UNTOUCHED);
    this.lowOrder = sharedArray(Float64Array, this.states.length);
    this.gradientSum = sharedArray(Float64Array, this.size);
    this.squareSum = sharedArray(Float64Array, this.size);
    this.diagonal = sharedArray(Float64Array, this.size).fill(UNTOUCHED);
    this.condition = sharedArray(Float64Array, orders.length).fill(UNTOUCHED);
    this.losses = sharedArray(Float64Array, 2 * orders.length).fill(UNTOUCHED);
    this.keys = sharedArray(Float64Array, this.size).fill(UNTOUCHED);
    this.marginalLosses = sharedArray(Float64Array, this.size).fill(UNTOUCHED);
  }

  /** All blocks of the chunk, or [from, to). */
  range(from = this.plan.firstBlock ?? 0, to = this.plan.orders.length): StateRange {
    const { solver, samples, orders, firstBlock = 0 } = this.plan;
    return {
      starts: this.starts,
      from,
      to,
      control: this.control,
      solver,
      states: this.states,
      firstBlock,
      stride: this.stride,
      samples,
      damping: this.damping,
      rows: this.rows,
      blockOrder: Math.max(...orders),
    };
  }

  /** A job that adds samples [first, first + count). */
  accumulation(range: StateRange, first: number, count: number): AccumulateJob {
    const { outputs, before, after } = this.order;
    const inner = before * after;
    const part = (values: Float32Array, width: number) =>
      values.subarray(first * width, (first + count) * width);
    return {
      ...range,
      ...(this.plan.factored
        ? { inputs: part(this.inputs, inner), deltas: part(this.deltas, outputs) }
        : { gradients: part(this.gradients, this.size) }),
      count,
      order: this.order,
      mask: this.mask,
      gradientSum: this.gradientSum,
      squareSum: this.squareSum,
      lowOrder: new Float64Array(0),
      rowFrom: 0,
      rowTo: 0,
      stored: first,
    };
  }

  /** Initialises the state and adds all samples, in batches of these sizes over and over. */
  estimate(kernels: Kernels, batches: readonly number[] = [this.plan.samples]): this {
    const range = this.range();
    expectDone(kernels.initialise(range));
    for (let n = 0, batch = 0; n < this.plan.samples; batch++) {
      const count = Math.min(batches[batch % batches.length], this.plan.samples - n);
      expectDone(kernels.accumulate(this.accumulation(range, n, count)));
      n += count;
    }
    return this;
  }

  inversion(range: StateRange = this.range()): InvertJob {
    const { squareSum, diagonal, condition } = this;
    return { ...range, squareSum, diagonal, condition };
  }

  pruning(rule: UpdateRule, maskAfter: Uint8Array, range: StateRange = this.range()): UpdateJob {
    const { weights, mask: maskBefore, gradientSum, losses } = this;
    return { ...range, rule, weights, maskBefore, maskAfter, gradientSum, losses };
  }

  /** The first-order term with a step, its h by the engine itself. */
  firstOrder(kernels: Kernels, step: number): FirstOrder {
    const input = sharedArray(Float64Array, this.gradientSum).map((sum) => sum / this.plan.samples);
    const output = sharedArray(Float64Array, this.size);
    expectDone(kernels.multiply({ ...this.range(), input, output }));
    return { step, inverseGradient: output };
  }

  tracing(step = 0, range: StateRange = this.range()): GreedyJob {
    const { weights, mask, order, gradientSum, keys, marginalLosses } = this;
    return { ...range, weights, mask, order, gradientSum, step, keys, marginalLosses };
  }

  /** Index in the model's layout of each weight in block order: [before, outputs, after] walked. */
  modelIndices(): number[] {
    const { outputs, before, after } = this.order;
    const indices: number[] = [];
    for (let o = 0; o < outputs; o++) {
      for (let b = 0; b < before; b++) {
        for (let a = 0; a < after; a++) indices.push((b * outputs + o) * after + a);
      }
    }
    return indices;
  }

  /**
   * Gradient of weight c (block order) in sample n, 0 where it was pruned. dual keeps float32, so that
   * it sees the products of factors rounded.
   */
  gradient(n: number, c: number): number {
    if (this.mask[c] === 0) return 0;
    if (!this.plan.factored) return this.gradients[n * this.size + this.#model[c]];
    const { outputs, before, after } = this.order;
    const inner = before * after;
    const delta = this.deltas[n * outputs + Math.floor(c / inner)];
    const g = delta * this.inputs[n * inner + (c % inner)];
    return this.plan.solver === 'dual' ? Math.fround(g) : g;
  }

  /** Samples of a block, [N][order]. */
  samplesOf(block: number): number[][] {
    const columns = [...this.mask.keys()].slice(this.starts[block], this.starts[block + 1]);
    return Array.from({ length: this.plan.samples }, (_, n) =>
      columns.map((c) => this.gradient(n, c)),
    );
  }

  dense(block: number): DenseBlock {
    const begin = this.starts[block];
    const samples = this.samplesOf(block);
    const f = fisher(samples, this.damping);
    const weights = [...this.weights.subarray(begin, this.starts[block + 1])];
    const gradient = weights.map(
      (_, i) => samples.reduce((sum, g) => sum + g[i], 0) / samples.length,
    );
    return { begin, order: weights.length, samples, gradient, f, inverse: inverse(f), weights };
  }

  /** Entry (i, j) of the packed state of a block. */
  state(block: number, i: number, j: number): number {
    const [row, column] = i >= j ? [i, j] : [j, i];
    const at = (block - (this.plan.firstBlock ?? 0)) * this.stride;
    return this.states[at + (row * (row + 1)) / 2 + column];
  }
}
