import type { AxisOrder } from '../engine/kernels.js';
import type { BlockShape } from './block-shape.js';

/** A prunable parameter as the engines see it: block order, shared memory, cut into blocks. */
export interface BlockedParameter extends BlockShape {
  /** First weight of each block and, last, `size`; blocks are at most `blockSize` long. */
  starts: Uint32Array;
  /** 1 = still there. Block order. */
  mask: Uint8Array;
  /** Of the model's weights, in blocks or not. */
  prunedBefore: number;
  /** Block order; 0 where pruned before. */
  weights: Float32Array;
  /** Of some blocks of a parameter: which of the run's it is, and where the weights stand in all of it. */
  part?: { index: number; order: AxisOrder };
}
