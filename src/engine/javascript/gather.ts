import type { AccumulateJob } from '../kernels.js';

/**
 * Gradients of the block [begin, begin + order): panel[row · order + c] = gradient of weight c in
 * sample first + row, float64, in block order; 0 where the weight was pruned. Out of whole gradients
 * [count, size] in the model's layout, or of the factors of outer products.
 */
export function gather(
  job: AccumulateJob,
  begin: number,
  order: number,
  first: number,
  rows: number,
  panel: Float64Array,
): void {
  const { mask } = job;
  for (let row = 0; row < rows; row++) {
    const out = row * order;
    if (job.gradients === undefined) multiplyFactors(job, begin, order, first + row, panel, out);
    else copyGradients(job, job.gradients, begin, order, first + row, panel, out);
    for (let c = 0; c < order; c++) if (mask[begin + c] === 0) panel[out + c] = 0;
  }
}

function copyGradients(
  { starts, order: axes }: AccumulateJob,
  gradients: Float32Array,
  begin: number,
  order: number,
  n: number,
  panel: Float64Array,
  out: number,
): void {
  const { outputs, before, after } = axes;
  const sample = n * starts[starts.length - 1];
  if (before === 1) {
    for (let c = 0; c < order; c++) panel[out + c] = gradients[sample + begin + c];
    return;
  }
  let a = begin % after;
  let b = Math.floor(begin / after) % before;
  let output = Math.floor(begin / (after * before));
  for (let c = 0; c < order; c++) {
    panel[out + c] = gradients[sample + (b * outputs + output) * after + a];
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
  panel: Float64Array,
  out: number,
): void {
  if (inputs === undefined || deltas === undefined) {
    throw new TypeError('a job has gradients, or inputs and deltas');
  }
  const inner = axes.before * axes.after;
  let output = Math.floor(begin / inner);
  let i = begin % inner;
  for (let c = 0; c < order; c++) {
    panel[out + c] = deltas[n * axes.outputs + output] * inputs[n * inner + i];
    if (++i < inner) continue;
    i = 0;
    output++;
  }
}
