import type { BlockShape } from '../blocks/block-shape.js';
import type { SolverName } from '../engine/kernels.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import type { FisherForm } from '../solvers/form.js';

/** Samples a kernel sums before it adds them to the state. */
export const PANEL = 128;

/**
 * Panels that are added to the state before the rounding errors of these additions are kept too
 * (`lowOrder`, as much memory again). Measured: error constants in docs/methods.md.
 */
const PLAIN_PANELS = 400;

/** A chunk is at most about this large, or one block. */
const CHUNK_BYTES = 64 * 2 ** 20;

/** Blocks [firstBlock, endBlock) of a parameter, whose state is one array of `length` elements. */
export interface ChunkShape {
  firstBlock: number;
  endBlock: number;
  length: number;
}

/** How a parameter's state is cut into arrays: float64, or float32 for dual. */
export function chunkShapes(shape: BlockShape, solver: SolverName, samples: number): ChunkShape[] {
  const { blockOrder, blockCount } = shape;
  const perBlock = solver === 'dual' ? samples * blockOrder : stride(shape);
  const blockBytes = bytesOfBlock(solver, blockOrder, samples);
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / blockBytes));
  const chunks: ChunkShape[] = [];
  for (let firstBlock = 0; firstBlock < blockCount; firstBlock += perChunk) {
    const endBlock = Math.min(firstBlock + perChunk, blockCount);
    chunks.push({ firstBlock, endBlock, length: (endBlock - firstBlock) * perBlock });
  }
  return chunks;
}

/** Bytes of a parameter's state; with `lowOrder` those of its rounding errors too. */
export function stateBytes(
  shape: BlockShape,
  solver: SolverName,
  samples: number,
  lowOrder = false,
): number {
  const elements = chunkShapes(shape, solver, samples).reduce((sum, { length }) => sum + length, 0);
  return elements * (solver === 'dual' ? 4 : 8) * (lowOrder ? 2 : 1);
}

/** Σ g and Σ g² by weight. */
export function sumArrays({ size }: BlockShape) {
  return {
    gradientSum: ['float64', size],
    squareSum: ['float64', size],
  } as const satisfies ArrayPlan;
}

/** Sums that follow from those, where the form of the Fisher asks for them: see FisherState.settle. */
export function derivedArrays({ size }: BlockShape, { scale, centred }: FisherForm): ArrayPlan {
  return {
    ...(scale !== 1 && ({ scaledSum: ['float64', size] } as const)),
    ...(centred && ({ diagonalSum: ['float64', size] } as const)),
  };
}

/** Elements from one block of a chunk to the next, for the triangles of gram and woodbury. */
export function stride({ blockOrder }: BlockShape): number {
  return (blockOrder * (blockOrder + 1)) / 2;
}

/** Bytes of state of a block of `order` weights. */
export function bytesOfBlock(solver: SolverName, order: number, samples: number): number {
  return solver === 'dual' ? 4 * samples * order : 4 * order * (order + 1);
}

/** Panels in which a batch of `count` samples is summed. */
export function panelsOf(count: number): number {
  return Math.ceil(count / PANEL);
}

/** Whether the rounding errors of `panels` additions have to be kept. */
export function needsLowOrder(solver: SolverName, panels: number): boolean {
  return solver === 'gram' && panels > PLAIN_PANELS;
}
