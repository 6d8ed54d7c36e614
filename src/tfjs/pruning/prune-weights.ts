import { WoodFisherError } from '../../errors.js';
import type { Parameter } from '../../parameters.js';
import { type PruneResult, prune } from '../../prune.js';
import type { PruneOptions } from '../../prune-options.js';
import type { ExampleDraw } from '../data/draw.js';
import type { Examples } from '../data/examples.js';
import { gradientsOf } from '../data/gradients-of.js';
import type { LayersModel, TensorFlow } from '../tensorflow.js';
import { modelParameters, setModelWeights } from '../weights.js';
import type { Evaluator } from './evaluate.js';
import { gradientSettings, type ModelPruningOptions, sampleCounts } from './options.js';

/** Where gradients and losses come from. */
export interface PruningData {
  draw: ExampleDraw;
  heldOut: Examples;
  evaluator: Evaluator;
}

/**
 * Prunes the weights of a model, which has those of the last step that gradients were taken at
 * afterwards: the caller writes the result, or what was there before.
 */
export async function pruneWeights(
  tf: TensorFlow,
  model: LayersModel,
  { draw, heldOut, evaluator }: PruningData,
  options: ModelPruningOptions & Pick<PruneOptions, 'onProgress'>,
): Promise<PruneResult> {
  const { loss, labels, exclude = [], masks = {} } = options;
  const settings = gradientSettings(options);
  const { preset, takesGradients, searches, examplesPerSample, gradientBatch, seed } = settings;
  const parameters = prunableParameters(model, exclude, masks);
  if (!takesGradients) {
    const ownSeed = options.criterion === 'random' ? seed : undefined;
    const unused = { loss: undefined, samples: undefined };
    return await prune({ ...options, ...unused, seed: ownSeed, parameters });
  }
  const counts = sampleCounts(options, settings, draw.count);
  return await prune({
    ...options,
    seed: undefined,
    preset,
    parameters,
    samples: counts.every((count) => count === counts[0]) ? counts[0] : undefined,
    gradients: async ({ index, parameters: now }) => {
      await setModelWeights(model, now, { tf });
      return gradientsOf(tf, model, draw.next(counts[index] * examplesPerSample), {
        loss,
        fisher: labels === 'drawn' ? 'true' : 'empirical',
        signal: options.signal,
        examplesPerSample,
        gradientBatch,
        seed,
        positions: options.criterion === 'kfac',
      });
    },
    loss: searches
      ? async (now) => {
          await setModelWeights(model, now, { tf });
          return await evaluator.loss(heldOut);
        }
      : undefined,
  });
}

/** The weights of a model with what was pruned of them before. */
function prunableParameters(
  model: LayersModel,
  exclude: readonly string[],
  masks: Readonly<Record<string, Uint8Array>>,
): Parameter[] {
  const parameters = modelParameters(model);
  const names = new Set(parameters.map(({ name }) => name));
  for (const [option, given] of [
    ['exclude', exclude],
    ['masks', Object.keys(masks)],
  ] as const) {
    const unknown = given.find((name) => !names.has(name));
    if (unknown === undefined) continue;
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `${option} names "${unknown}", which the model does not have; it has ${[...names].join(', ')}`,
      { option, parameter: unknown },
    );
  }
  return parameters.map((parameter) => {
    const left = parameter.prunable === false || exclude.includes(parameter.name);
    return left ? { ...parameter, prunable: false } : { ...parameter, mask: masks[parameter.name] };
  });
}

/** The masks of the parameters that were prunable, by name. */
export function masksOf({ parameters, statistics }: PruneResult): Record<string, Uint8Array> {
  const prunable = new Set(statistics.parameters.map(({ name }) => name));
  return Object.fromEntries(
    parameters.filter(({ name }) => prunable.has(name)).map(({ name, mask }) => [name, mask]),
  );
}
