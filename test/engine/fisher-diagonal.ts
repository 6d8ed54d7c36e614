import type { AccumulateJob, Kernels, SolverName, Status } from '../../src/engine/kernels.js';
import { sharedArray } from './shared-array.js';

/** How samples are put into a state. */
export interface DiagonalOptions {
  kernels: Kernels;
  solver: SolverName;
  /** [N, B], row-major. */
  samples: Float32Array;
  order: number;
  lambda: number;
  /** Samples of a batch. */
  batch: number;
  /** Panels that are added before rounding errors are kept too (the library: 400). */
  plainPanels?: number;
}

/** D = diag(F⁻¹) of one block by an engine's kernels, called as the library calls them. */
export function fisherDiagonal({
  kernels,
  solver,
  samples,
  order,
  lambda,
  batch,
  plainPanels = 400,
}: DiagonalOptions): Float64Array {
  const count = samples.length / order;
  const triangle = (order * (order + 1)) / 2;
  const lowOrder = sharedArray(Float64Array, triangle);
  const none = new Float64Array(0);
  const starts = sharedArray(Uint32Array, 2);
  starts[1] = order;
  const range = {
    starts,
    from: 0,
    to: 1,
    control: sharedArray(Int32Array, 2),
    solver,
    states: solver === 'dual' ? none : sharedArray(Float64Array, triangle),
    firstBlock: 0,
    stride: triangle,
    samples: count,
    damping: lambda,
    rows: solver === 'dual' ? sharedArray(Float32Array, count * order) : new Float32Array(0),
    blockOrder: order,
  };
  const mask = sharedArray(Uint8Array, order).fill(1);
  const gradientSum = sharedArray(Float64Array, order);
  const squareSum = sharedArray(Float64Array, order);
  expectDone(kernels.initialise(range));
  let panels = 0;
  for (let n = 0; n < count; n += batch) {
    const rows = Math.min(batch, count - n);
    panels += Math.ceil(rows / 128);
    const job: AccumulateJob = {
      ...range,
      gradients: samples.subarray(n * order, (n + rows) * order),
      count: rows,
      order: { outputs: order, before: 1, after: 1 },
      mask,
      gradientSum,
      squareSum,
      lowOrder: panels > plainPanels ? lowOrder : none,
      rowFrom: 0,
      rowTo: 0,
      stored: n,
    };
    expectDone(kernels.accumulate(job));
  }
  const diagonal = sharedArray(Float64Array, order);
  const condition = sharedArray(Float64Array, 1);
  expectDone(kernels.invert({ ...range, squareSum, diagonal, condition }));
  return diagonal;
}

/** Throws where a kernel did not finish. */
export function expectDone(status: Status): void {
  if (status.outcome !== 'done') throw new Error(JSON.stringify(status));
}
