import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlockFisher, type PruneOptions, prune } from '../../src/index.js';
import {
  type LayersModel,
  modelParameters,
  pruneModel,
  setModelWeights,
} from '../../src/tfjs/index.js';
import type { TensorFlow } from '../digits/tf-model.js';
import { halved } from './halve.js';
import { cropped, type Image } from './image.js';
import { type Pairs, randomPairs } from './patches.js';
import { psnr } from './psnr.js';
import type { Settings } from './settings.js';
import { interpolated, loadUpscaler, squaredError, upscaled } from './upscaler.js';

/** Ways to prune, under the names of their curves; `fisher` stands in where gradients are needed. */
const OPTIONS = {
  magnitude: () => ({ criterion: 'magnitude' }),
  'magnitude by layer': () => ({ criterion: 'magnitude', scope: 'layer' }),
  'WoodFisher without update': (fisher) => ({ ...woodFisher(fisher), update: 'none' }),
  WoodFisher: (fisher) => woodFisher(fisher),
} as const satisfies Record<string, (fisher: BlockFisher) => Partial<PruneOptions>>;

export type Method = keyof typeof OPTIONS | 'WoodFisher in steps';
const ONE_STEP = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];
export const METHODS: readonly Method[] = [...ONE_STEP, 'WoodFisher in steps'];

/** How a network enlarges a photograph. */
export interface Score {
  /** PSNR against the photograph as it was, dB. */
  photograph: number;
  /** PSNR against what the dense network makes of it, dB. */
  dense: number;
}

export interface Outcome {
  /** PSNR of the dense network, and of linear interpolation, against the photograph, dB. */
  dense: number;
  interpolated: number;
  scores: { method: Method; sparsity: number; score: Score }[];
  /** Seconds of processor time that the gradients and their Fisher took, all threads together. */
  gradientSeconds: number;
}

/**
 * Prunes the network to each sparsity by each method, from its published weights every time and without
 * training, and scores it on a photograph of which no gradient was taken.
 */
export async function pruneUpscaler(
  tf: TensorFlow,
  photographs: { fisher: readonly Image[]; scored: Image },
  { samples, side, scored: size, sparsities, stepped, seed }: Settings,
): Promise<Outcome> {
  const model = await loadUpscaler(tf);
  const folder = await mkdtemp(join(tmpdir(), 'woodfisher-pretrained-'));
  try {
    const whole = cropped(photographs.scored, 0, 0, { height: size, width: size });
    const small = halved(whole);
    const enlarged = await upscaled(tf, model, small);
    const scored = async (network: LayersModel): Promise<Score> => {
      const image = await upscaled(tf, network, small);
      return { photograph: psnr(image, whole), dense: psnr(image, enlarged) };
    };
    const squares = squaresOf(tf, randomPairs(photographs.fisher, { count: samples, side, seed }));
    const common = { tf, loss: squaredError(tf), gradientBatch: 16, validationSplit: 0 };
    const scores: Outcome['scores'] = [];
    try {
      const start = process.cpuUsage();
      const path = join(folder, 'fisher.safetensors');
      // The clone that is pruned here is not kept, only the Fisher: it serves all sparsities.
      const saving = { ...common, samples, sparsity: 0.5, saveFisher: path };
      (await pruneModel(model, squares, saving)).model.dispose();
      const { user, system } = process.cpuUsage(start);
      await using fisher = await BlockFisher.load(path);
      const parameters = modelParameters(model);
      for (const sparsity of sparsities) {
        for (const method of ONE_STEP) {
          const result = await prune({ parameters, sparsity, ...OPTIONS[method](fisher) });
          await setModelWeights(model, result.parameters, { tf });
          scores.push({ method, sparsity, score: await scored(model) });
        }
      }
      await setModelWeights(model, parameters, { tf });
      for (const sparsity of stepped.sparsities) {
        const { steps, samples } = stepped;
        const pruned = await pruneModel(model, squares, { ...common, sparsity, steps, samples });
        scores.push({ method: 'WoodFisher in steps', sparsity, score: await scored(pruned.model) });
        pruned.model.dispose();
      }
      return {
        dense: psnr(enlarged, whole),
        interpolated: psnr(await interpolated(tf, small), whole),
        scores,
        gradientSeconds: (user + system) / 1e6,
      };
    } finally {
      tf.dispose(squares);
    }
  } finally {
    model.dispose();
    await rm(folder, { recursive: true });
  }
}

function woodFisher(fisher: BlockFisher): Partial<PruneOptions> {
  return { criterion: 'woodfisher', damping: { relative: 0.01, over: 'model' }, fisher };
}

function squaresOf(tf: TensorFlow, { count, side, small, large }: Pairs) {
  return {
    xs: tf.tensor4d(small, [count, side, side, 3]),
    ys: tf.tensor4d(large, [count, 2 * side, 2 * side, 3]),
  };
}
