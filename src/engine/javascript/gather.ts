import type { AccumulateJob } from '../kernels.js';

/**
 * Gradients of the block [begin, begin + order), out of a row-major batch [count, size] in the
 * model's layout: panel[row · order + c] = gradient of weight c in sample first + row, float64, in
 * block order; 0 where the weight was pruned.
 */
export function gather(
  { gradients, starts, order: axes, mask }: AccumulateJob,
  begin: number,
  order: number,
  first: number,
  rows: number,
  panel: Float64Array,
): void {
  const size = starts[starts.length - 1];
  const { outputs, before, after } = axes;
  for (let row = 0; row < rows; row++) {
    const sample = (first + row) * size;
    const out = row * order;
    if (before === 1) {
      for (let c = 0; c < order; c++) panel[out + c] = gradients[sample + begin + c];
    } else {
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
    for (let c = 0; c < order; c++) if (mask[begin + c] === 0) panel[out + c] = 0;
  }
}
