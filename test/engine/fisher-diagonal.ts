import type { AccumulateJob, Kernels, SolverName, Status } from '../../src/engine/kernels.js';

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

function shared<T extends Float64Array | Float32Array | Uint8Array | Uint32Array | Int32Array>(
  Type: new (buffer: SharedArrayBuffer) => T,
  length: number,
): T {
  return new Type(new SharedArrayBuffer(length * 8)).subarray(0, length) as T;
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
  const lowOrder = shared(Float64Array, triangle);
  const none = new Float64Array(0);
  const starts = shared(Uint32Array, 2);
  starts[1] = order;
  const range = {
    starts,
    from: 0,
    to: 1,
    control: shared(Int32Array, 2),
    solver,
    states: solver === 'dual' ? none : shared(Float64Array, triangle),
    firstBlock: 0,
    stride: triangle,
    samples: count,
    damping: lambda,
    rows: solver === 'dual' ? shared(Float32Array, count * order) : new Float32Array(0),
    blockOrder: order,
  };
  const mask = shared(Uint8Array, order).fill(1);
  const gradientSum = shared(Float64Array, order);
  const squareSum = shared(Float64Array, order);
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
  const diagonal = shared(Float64Array, order);
  const condition = shared(Float64Array, 1);
  expectDone(kernels.invert({ ...range, squareSum, diagonal, condition }));
  return diagonal;
}

function expectDone(status: Status): void {
  if (status.outcome !== 'done') throw new Error(JSON.stringify(status));
}
