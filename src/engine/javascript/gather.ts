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
  if (job.gradients === undefined) multiplyFactors(job, begin, length, n, out, at);
  else if (job.order.before === 1) copyRun(job, job.gradients, begin, length, n, out, at);
  else copyPermuted(job, job.gradients, begin, length, n, out, at);
}

/** The model's layout is block order. */
function copyRun(
  { starts, mask }: AccumulateJob,
  gradients: Float32Array,
  begin: number,
  length: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  const sample = n * starts[starts.length - 1] + begin;
  for (let c = 0; c < length; c++) {
    out[at + c] = mask[begin + c] === 0 ? 0 : gradients[sample + c];
  }
}

/** Weight [output, b, a] of block order is [b, output, a] of the model. */
function copyPermuted(
  { starts, mask, order: { outputs, before, after } }: AccumulateJob,
  gradients: Float32Array,
  begin: number,
  length: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  const sample = n * starts[starts.length - 1];
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
  { inputs, deltas, mask, order: { outputs, before, after } }: AccumulateJob,
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
  let output = Math.floor(begin / inner);
  let i = begin % inner;
  for (let c = 0; c < length; c++) {
    const g = deltas[n * outputs + output] * inputs[n * inner + i];
    out[at + c] = mask[begin + c] === 0 ? 0 : g;
    if (++i < inner) continue;
    i = 0;
    output++;
  }
}
