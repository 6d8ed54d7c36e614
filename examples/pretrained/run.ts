import type * as tfjs from '@tensorflow/tfjs';
import { BlockFisher, PRESET_OPTIONS, type PruneOptions, prune } from '../../src/index.js';
import {
  type LayersModel,
  modelParameters,
  type PruneModelOptions,
  perExampleFactors,
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

const { blockSize, damping } = PRESET_OPTIONS.fast;

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

/** The network with what it is pruned and scored by. */
interface Session {
  tf: TensorFlow;
  model: LayersModel;
  squares: { xs: tfjs.Tensor4D; ys: tfjs.Tensor4D };
  /** Options of every pruneModel. */
  common: PruneModelOptions;
  score: (network: LayersModel) => Promise<Score>;
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
  const { samples, side, scored, seed } = settings;
  const whole = cropped(photographs.scored, 0, 0, { height: scored, width: scored });
  const small = halved(whole);
  const squares = squaresOf(tf, randomPairs(photographs.fisher, { count: samples, side, seed }));
  const model = await loadUpscaler(tf);
  try {
    const enlarged = await upscaled(tf, model, small);
    const session: Session = {
      ...{ tf, model, squares },
      common: { tf, loss: squaredError(tf), gradientBatch: 16, validationSplit: 0 },
      score: async (network) => {
        const image = await upscaled(tf, network, small);
        return { photograph: psnr(image, whole), dense: psnr(image, enlarged) };
      },
    };
    const inSteps = await prunedInSteps(session, settings);
    const { scores, gradientSeconds } = await prunedInOneStep(session, settings);
    return {
      dense: psnr(enlarged, whole),
      interpolated: psnr(await interpolated(tf, small), whole),
      scores: [...scores, ...inSteps],
      gradientSeconds,
    };
  } finally {
    model.dispose();
    tf.dispose(squares);
  }
}

/** One Fisher serves all sparsities; afterwards the model has the weights of the last pruning. */
async function prunedInOneStep(
  { tf, model, squares, common: { loss, gradientBatch }, score }: Session,
  { samples, sparsities }: Settings,
): Promise<Pick<Outcome, 'scores' | 'gradientSeconds'>> {
  const start = process.cpuUsage();
  const parameters = modelParameters(model);
  await using fisher = await BlockFisher.create({ parameters, blockSize, samples });
  const options = { tf, loss, batchSize: gradientBatch };
  for await (const batch of perExampleFactors(model, squares.xs, squares.ys, options)) {
    const { released } = await fisher.add(batch);
    await released;
  }
  const { user, system } = process.cpuUsage(start);
  const scores: Outcome['scores'] = [];
  for (const sparsity of sparsities) {
    for (const method of ONE_STEP) {
      const result = await prune({ parameters, sparsity, ...OPTIONS[method](fisher) });
      await setModelWeights(model, result.parameters, { tf });
      scores.push({ method, sparsity, score: await score(model) });
    }
  }
  return { scores, gradientSeconds: (user + system) / 1e6 };
}

async function prunedInSteps(
  { model, squares, common, score }: Session,
  { stepped: { sparsities, steps, samples } }: Settings,
): Promise<Outcome['scores']> {
  const scores: Outcome['scores'] = [];
  for (const sparsity of sparsities) {
    const pruned = await pruneModel(model, squares, { ...common, sparsity, steps, samples });
    scores.push({ method: 'WoodFisher in steps', sparsity, score: await score(pruned.model) });
    pruned.model.dispose();
  }
  return scores;
}

function woodFisher(fisher: BlockFisher): Partial<PruneOptions> {
  return { criterion: 'woodfisher', damping, fisher };
}

function squaresOf(tf: TensorFlow, { count, side, small, large }: Pairs): Session['squares'] {
  return {
    xs: tf.tensor4d(small, [count, side, side, 3]),
    ys: tf.tensor4d(large, [count, 2 * side, 2 * side, 3]),
  };
}
