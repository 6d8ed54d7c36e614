import type { AccumulateJob } from '../kernels.js';

/**
 * The gradient of the block [begin, begin + order) in sample n: out[at + c] = gradient of weight c,
 * float64, in block order; 0 where the weight was pruned. Out of whole gradients [count, size] in the
 * model's layout, or of the factors of outer products.
 */
export function gather(
  job: AccumulateJob,
  begin: number,
  order: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  const { mask, gradients } = job;
  if (gradients === undefined) multiplyFactors(job, begin, order, n, out, at);
  else copyGradients(job, gradients, begin, order, n, out, at);
  for (let c = 0; c < order; c++) if (mask[begin + c] === 0) out[at + c] = 0;
}

function copyGradients(
  { starts, order: axes }: AccumulateJob,
  gradients: Float32Array,
  begin: number,
  order: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  const { outputs, before, after } = axes;
  const sample = n * starts[starts.length - 1];
  if (before === 1) {
    for (let c = 0; c < order; c++) out[at + c] = gradients[sample + begin + c];
    return;
  }
  let a = begin % after;
  let b = Math.floor(begin / after) % before;
  let output = Math.floor(begin / (after * before));
  for (let c = 0; c < order; c++) {
    out[at + c] = gradients[sample + (b * outputs + output) * after + a];
    if (++a < after) continue;
    a = 0;
    if (++b < before) continue;
    b = 0;
    output++;
  }
}

/** In block order the weights of one output stand together: delta_o times a run of the inputs. */
function multiplyFactors(
  { inputs, deltas, order: axes }: AccumulateJob,
  begin: number,
  order: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  if (inputs === undefined || deltas === undefined) {
    throw new TypeError('a job has gradients, or inputs and deltas');
  }
  const inner = axes.before * axes.after;
  let output = Math.floor(begin / inner);
  let i = begin % inner;
  for (let c = 0; c < order; c++) {
    out[at + c] = deltas[n * axes.outputs + output] * inputs[n * inner + i];
    if (++i < inner) continue;
    i = 0;
    output++;
  }
}
