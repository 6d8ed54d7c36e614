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

export type Method = keyof typeof OPTIONS;
export const METHODS = Object.keys(OPTIONS) as Method[];

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
  /** Seconds that the gradients took. */
  gradientSeconds: number;
}

/**
 * Prunes the network to each sparsity by each method, from its published weights every time and without
 * training, and scores it on a photograph of which no gradient was taken.
 */
export async function pruneUpscaler(
  tf: TensorFlow,
  photographs: { fisher: readonly Image[]; scored: Image },
  settings: Settings,
): Promise<Outcome> {
  const model = await loadUpscaler(tf);
  const folder = await mkdtemp(join(tmpdir(), 'woodfisher-pretrained-'));
  try {
    const square = { height: settings.scored, width: settings.scored };
    const whole = cropped(photographs.scored, 0, 0, square);
    const small = halved(whole);
    const enlarged = await upscaled(tf, model, small);
    const start = performance.now();
    const path = join(folder, 'fisher.safetensors');
    await saveFisher(
      tf,
      model,
      randomPairs(photographs.fisher, { count: settings.samples, ...settings }),
      path,
    );
    const gradientSeconds = (performance.now() - start) / 1000;
    await using fisher = await BlockFisher.load(path);
    const parameters = modelParameters(model);
    const scores: Outcome['scores'] = [];
    for (const sparsity of settings.sparsities) {
      for (const method of METHODS) {
        const result = await prune({ parameters, sparsity, ...OPTIONS[method](fisher) });
        await setModelWeights(model, result.parameters, { tf });
        const image = await upscaled(tf, model, small);
        const score = { photograph: psnr(image, whole), dense: psnr(image, enlarged) };
        scores.push({ method, sparsity, score });
      }
    }
    return {
      dense: psnr(enlarged, whole),
      interpolated: psnr(await interpolated(tf, small), whole),
      scores,
      gradientSeconds,
    };
  } finally {
    model.dispose();
    await rm(folder, { recursive: true });
  }
}

function woodFisher(fisher: BlockFisher): Partial<PruneOptions> {
  return { criterion: 'woodfisher', damping: { relative: 0.01, over: 'model' }, fisher };
}

/** Prunes a clone, which is not kept, for the Fisher that its gradients make: it serves all sparsities. */
async function saveFisher(
  tf: TensorFlow,
  model: LayersModel,
  { count, side, small, large }: Pairs,
  path: string,
): Promise<void> {
  const xs = tf.tensor4d(small, [count, side, side, 3]);
  const ys = tf.tensor4d(large, [count, 2 * side, 2 * side, 3]);
  try {
    const pruned = await pruneModel(
      model,
      { xs, ys },
      {
        ...{ tf, loss: squaredError(tf), samples: count, gradientBatch: 16 },
        ...{ validationSplit: 0, sparsity: 0.5, saveFisher: path },
      },
    );
    pruned.model.dispose();
  } finally {
    tf.dispose([xs, ys]);
  }
}
