import { modelIndex, modelSize } from '../axis-order.js';
import type { AccumulateJob } from '../kernels.js';

/**
 * The gradient of weights [begin, begin + length) in sample n: out[at + c] = gradient of weight
 * begin + c, float64, in block order; 0 where the weight was pruned. Out of whole gradients
 * [count, size] in the model's layout, or of the factors of outer products.
 */
export function gather(
  job: AccumulateJob,
  begin: number,
  length: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  const { gradients, order } = job;
  if (gradients === undefined) multiplyFactors(job, begin, length, n, out, at);
  else if (order.places !== undefined) pick(job, gradients, begin, length, n, out, at);
  else if (order.before === 1) copyRun(job, gradients, begin, length, n, out, at);
  else copyPermuted(job, gradients, begin, length, n, out, at);
}

/** Blocks hold some of the model's weights. */
function pick(
  { order, mask }: AccumulateJob,
  gradients: Float32Array,
  begin: number,
  length: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  const sample = n * modelSize(order);
  for (let c = 0; c < length; c++) {
    const g = gradients[sample + modelIndex(order, begin + c)];
    out[at + c] = mask[begin + c] === 0 ? 0 : g;
  }
}

/** The model's layout is block order. */
function copyRun(
  { order, mask }: AccumulateJob,
  gradients: Float32Array,
  begin: number,
  length: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  const sample = n * modelSize(order) + begin;
  for (let c = 0; c < length; c++) {
    out[at + c] = mask[begin + c] === 0 ? 0 : gradients[sample + c];
  }
}

/** Weight [output, b, a] of block order is [b, output, a] of the model. */
function copyPermuted(
  { mask, order }: AccumulateJob,
  gradients: Float32Array,
  begin: number,
  length: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  const { outputs, before, after } = order;
  const sample = n * modelSize(order);
  let a = begin % after;
  let b = Math.floor(begin / after) % before;
  let output = Math.floor(begin / (after * before));
  for (let c = 0; c < length; c++) {
    const model = sample + (b * outputs + output) * after + a;
    out[at + c] = mask[begin + c] === 0 ? 0 : gradients[model];
    if (++a < after) continue;
    a = 0;
    if (++b < before) continue;
    b = 0;
    output++;
  }
}

/** In block order the weights of one output stand together: delta_o times a run of the inputs. */
function multiplyFactors(
  { inputs, deltas, mask, order: { outputs, before, after, places } }: AccumulateJob,
  begin: number,
  length: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  if (inputs === undefined || deltas === undefined) {
    throw new TypeError('a job has gradients, or inputs and deltas');
  }
  const inner = before * after;
  const first = places === undefined ? begin : places[begin];
  let output = Math.floor(first / inner);
  let i = first - output * inner;
  for (let c = 0; c < length; c++) {
    const g = deltas[n * outputs + output] * inputs[n * inner + i];
    out[at + c] = mask[begin + c] === 0 ? 0 : g;
    i = places === undefined ? i + 1 : places[begin + c + 1] - output * inner;
    for (; i >= inner; output++) i -= inner;
  }
}
