import { join } from 'node:path';
import { lenet300100, mlpnet, type Network } from '../../examples/digits/networks.js';
import { loadNetwork } from '../../examples/digits/weights.js';
import { BlockFisher, type EngineName, type Parameter, prune } from '../../src/index.js';
import { checkError } from '../contender.js';
import { gradientRows, inBatches, type LayerFactors, readFactors } from '../digits/factors.js';
import { gramFlops, inverseFlops, stateBytes } from '../flops.js';
import { median } from '../median.js';
import { denseDiagonal, largestError, type ReferenceBlock } from '../reference.js';
import { timed, withoutGarbage } from '../stopwatch.js';
import { woodfisher } from '../woodfisher.js';
import type { Workload } from '../workload.js';
import { type BenchCase, type CaseOptions, OWN } from './case.js';

const SPARSITY = 0.9;

interface Size extends Pick<Workload, 'blockSize' | 'samples' | 'batch' | 'damping'> {
  network: Network;
}

function sizeOf({ quick }: CaseOptions): Size {
  const damping = 1e-5;
  return quick
    ? { network: mlpnet, blockSize: 50, samples: 100, batch: 50, damping }
    : { network: lenet300100, blockSize: 100, samples: 1000, batch: 125, damping };
}

/** D of one block of a weight tensor. */
interface LayerReference extends ReferenceBlock {
  weight: string;
}

/** A whole prune of a trained network, from factored gradients on one thread, by both engines. */
export const digits: BenchCase<LayerReference[]> = {
  name: 'digits',
  title(options) {
    const { network, blockSize, samples } = sizeOf(options);
    return `Whole prune of ${network.name}, B = ${blockSize}, N = ${samples}, one thread`;
  },
  rivals: ['javascript'],
  work(options) {
    const size = sizeOf(options);
    const layers = layerSizes(size.network).map((weights): Workload => {
      return { ...size, weights, distinct: 1, solver: 'gram' };
    });
    const sum = (of: (layer: Workload) => number): number =>
      layers.reduce((total, layer) => total + of(layer), 0);
    const state = sum((layer) => stateBytes(layer, 'gram'));
    const values = size.network.sizes.reduce((a, b) => a + b, 0);
    const batch = 4 * size.batch * 2 * values;
    return {
      flops: sum((layer) => gramFlops(layer) + inverseFlops(layer)),
      bytes: (size.samples / size.batch) * (batch + 2 * state) + 3 * state,
      residentBytes: state + 2 * batch,
    };
  },
  async prepare(options) {
    const { network, blockSize: B, samples, damping } = sizeOf(options);
    const path = factorsPath(options);
    const { writeFactors } = await import('../digits/write-factors.js'); // TensorFlow.js, for this alone
    await writeFactors(path, network, samples);
    const layers = layerSizes(network).map((size, l) => ({ weight: `fc${l + 1}.weight`, size }));
    const names = layers.map(({ weight }) => weight);
    const factors = await readFactors(path, names);
    return layers.map(({ weight, size }): LayerReference => {
      // Pixels of the middle where there are any: the borders are paper in every image.
      const block = Math.min(4, Math.floor(size / B) - 1);
      const span = { start: block * B, end: (block + 1) * B };
      const rows = gradientRows(factors[weight], samples, span);
      const diagonal = denseDiagonal(
        rows.map((g) => ({ g, times: 1 })),
        { blockSize: B, samples, damping },
      );
      return { weight, block, diagonal: [...diagonal] };
    });
  },
  unavailable: async () => undefined,
  async measure(contender, reference, options) {
    const { network, blockSize, samples, batch, damping } = sizeOf(options);
    const engine = contender as EngineName;
    const parameters = await loadNetwork(network);
    const names = reference.map(({ weight }) => weight);
    const factors = await readFactors(factorsPath(options), names);
    const gradients = inBatches(factors, samples, batch);
    const settings = { parameters, blockSize, samples, damping, engine, threads: 1 };
    const error = largestLayerError(await diagonals(settings, gradients), reference);
    checkError(woodfisher(engine), error);
    await checkedPrune(settings, gradients);
    const runs = engine === OWN ? options.runs : Math.min(options.runs, 2);
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const { seconds } = await withoutGarbage(() =>
        timed(() => prune({ ...settings, gradients, sparsity: SPARSITY })),
      );
      times.push(seconds);
    }
    const seconds = median(times);
    return { seconds, total: seconds, runs, error, threads: 1 };
  },
};

function factorsPath({ folder }: CaseOptions): string {
  return join(folder, 'factors.safetensors');
}

function layerSizes({ sizes }: Network): number[] {
  return sizes.slice(1).map((outputs, l) => sizes[l] * outputs);
}

interface EngineSettings {
  parameters: readonly Parameter[];
  blockSize: number;
  samples: number;
  damping: number;
  engine: EngineName;
  threads: number;
}

async function diagonals(
  settings: EngineSettings,
  gradients: readonly LayerFactors[],
): Promise<Record<string, Float64Array>> {
  const fisher = await BlockFisher.create(settings);
  try {
    for (const batch of gradients) await fisher.add(batch);
    return await (await fisher.invert()).diagonal();
  } finally {
    await fisher.dispose();
  }
}

function largestLayerError(
  diagonal: Readonly<Record<string, Float64Array>>,
  reference: readonly LayerReference[],
): number {
  return Math.max(...reference.map((block) => largestError(diagonal[block.weight], [block])));
}

/** @throws {Error} when the number of zeros is not what the sparsity says. */
async function checkedPrune(
  settings: EngineSettings,
  gradients: readonly LayerFactors[],
): Promise<void> {
  const { parameters } = await prune({ ...settings, gradients, sparsity: SPARSITY });
  const prunable = parameters.filter(({ shape }) => shape.length > 1);
  const masks = prunable.map(({ mask }) => mask);
  const size = masks.reduce((sum, mask) => sum + mask.length, 0);
  const zeros = masks.reduce((sum, mask) => sum + mask.filter((kept) => kept === 0).length, 0);
  if (zeros === Math.round(SPARSITY * size)) return;
  throw new Error(
    `${settings.engine} is wrong: ${SPARSITY} of ${size} weights are to be pruned, but ${zeros} are`,
  );
}
