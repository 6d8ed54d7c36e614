import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { BlockFisher, type GradientBatch, type Parameter } from '../../src/index.js';

/** The blocks of (1/N) Σ g gᵀ of one parameter. */
export interface FisherBlocks {
  /** First weight of each block, and the number of weights. */
  starts: readonly number[];
  /** Row-major squares. */
  blocks: readonly Float64Array[];
}

/**
 * The Fisher of one parameter without damping, block by block, as the package has summed it: what
 * `BlockFisher.save` writes is read back.
 */
export async function fisherBlocks(
  parameter: Parameter,
  blockSize: number,
  gradients: Iterable<GradientBatch>,
): Promise<FisherBlocks> {
  const { name } = parameter;
  const folder = await mkdtemp(join(tmpdir(), 'woodfisher-tour-'));
  try {
    await using fisher = await BlockFisher.create({
      ...{ parameters: [parameter], blockSize, solver: 'gram' },
    });
    for (const batch of gradients) await fisher.add({ [name]: batch[name] });
    const path = join(folder, 'state.safetensors');
    await fisher.save(path);
    return await readBlocks(path, parameter, blockSize, fisher.samples);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads the packed triangles (docs/formats.md, Fisher states). */
async function readBlocks(
  path: string,
  { name, data }: Parameter,
  blockSize: number,
  samples: number,
): Promise<FisherBlocks> {
  const file = await openSafetensors(path);
  try {
    const triangles = await file.read(`triangles:${name}`);
    const count = Math.ceil(data.length / blockSize);
    const stride = triangles.length / count;
    const starts = Array.from({ length: count + 1 }, (_, b) =>
      Math.min(b * blockSize, data.length),
    );
    const blocks = starts.slice(0, -1).map((start, b) => {
      const triangle = triangles.subarray(b * stride, (b + 1) * stride);
      return unpacked(triangle, starts[b + 1] - start, samples);
    });
    return { starts, blocks };
  } finally {
    await file.close();
  }
}

function unpacked(triangle: Float32Array, order: number, samples: number): Float64Array {
  const square = new Float64Array(order * order);
  for (let i = 0, at = 0; i < order; i++) {
    for (let j = 0; j <= i; j++, at++) {
      square[i * order + j] = triangle[at] / samples;
      square[j * order + i] = square[i * order + j];
    }
  }
  return square;
}
