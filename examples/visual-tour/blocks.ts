import { type Resemblance, resemblance } from './correlation.js';
import { fisherBlocks } from './fisher-block.js';
import { exampleGradients } from './gradients.js';
import { hessianBlock } from './hessian.js';
import type { Layer } from './layers.js';
import type { Examples, Network } from './network.js';
import { networkParameters } from './parameters.js';
import type { Weights } from './weights.js';

/** One block of a layer's weights in three matrices, row-major squares. */
export interface Block {
  layer: string;
  /** Which block of the layer. */
  index: number;
  /** Weights of an output, which lie together. */
  patch: number;
  hessian: Float64Array;
  trueFisher: Float64Array;
  empiricalFisher: Float64Array;
}

/** How the Fishers of a block resemble its Hessian. */
export interface BlockResemblance {
  layer: string;
  trueFisher: Resemblance;
  empiricalFisher: Resemblance;
}

/** Weights of a block at most, as is the package's default. */
const MOST = 100;

/** As many whole outputs as a block of 100 weights holds. */
export function blockSizeOf({ outputs, patch }: Layer): number {
  return Math.min(outputs, Math.floor(MOST / patch)) * patch;
}

/**
 * A block of each layer: `index` says which by layer, or the one with the largest trace of the empirical
 * Fisher, since a block of dead neurons has nothing to show.
 */
export async function curvatureBlocks(
  network: Network,
  weights: Weights,
  examples: Examples,
  chosen: readonly number[] | undefined,
): Promise<Block[]> {
  const parameters = networkParameters(network, weights);
  const blocks: Block[] = [];
  for (const [layer, { name, patch }] of network.layers.entries()) {
    const of = async (fisher: 'empirical' | 'true') => {
      const gradients = exampleGradients(network, weights, examples, fisher);
      return await fisherBlocks(parameters[layer], blockSizeOf(network.layers[layer]), gradients);
    };
    const empirical = await of('empirical');
    const index = chosen?.[layer] ?? strongest(empirical.blocks);
    const start = empirical.starts[index];
    const length = empirical.starts[index + 1] - start;
    blocks.push({
      layer: name,
      ...{ index, patch },
      hessian: hessianBlock(network, weights, examples, { layer, start, length }),
      trueFisher: (await of('true')).blocks[index],
      empiricalFisher: empirical.blocks[index],
    });
  }
  return blocks;
}

export function blockResemblance(block: Block): BlockResemblance {
  return {
    layer: block.layer,
    trueFisher: resemblance(block.trueFisher, block.hessian),
    empiricalFisher: resemblance(block.empiricalFisher, block.hessian),
  };
}

function strongest(blocks: readonly Float64Array[]): number {
  const traces = blocks.map((block) => {
    const order = Math.sqrt(block.length);
    return block.reduce((sum, value, i) => (i % (order + 1) === 0 ? sum + value : sum), 0);
  });
  return traces.indexOf(Math.max(...traces));
}
