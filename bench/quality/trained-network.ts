import { existsSync } from 'node:fs';
import type { Split } from '../../examples/digits/idx.js';
import { train } from '../../examples/digits/train.js';
import { readNetwork, writeNetwork } from '../../examples/digits/weights.js';
import type { Parameter } from '../../src/index.js';
import { timed } from '../stopwatch.js';
import { cachedPath, cacheKey } from './cache.js';
import type { Subject } from './subjects.js';

export interface TrainingOptions {
  seed: number;
  /** The folder of what is kept. */
  cache: string;
  /** Trains again what is there. */
  fresh: boolean;
  /** Called with the time that training took, where it was not kept. */
  onTrained?: (seconds: number) => void;
}

/** To be raised when training gives other weights for the same settings. */
const TRAINING_VERSION = 1;

/** The parameters of a network trained from a seed, kept for the next time. */
export async function trainedNetwork(
  { dataset, network, epochs }: Subject,
  split: Split,
  { seed, cache, fresh, onTrained }: TrainingOptions,
): Promise<Parameter[]> {
  const { sizes } = network;
  const examples = split.labels.length;
  const settings = { version: TRAINING_VERSION, dataset, sizes, examples, seed, epochs };
  const name = `${dataset}-${network.name}-${seed}-${cacheKey(settings)}.safetensors`;
  const path = await cachedPath(cache, 'networks', name);
  if (!fresh && existsSync(path)) return await readNetwork(path, network);
  const { wasmTensorFlow } = await import('../../examples/digits/tf-model.js'); // only to train
  const tf = await wasmTensorFlow();
  const { seconds, result } = await timed(() => train(tf, network, split, { seed, epochs }));
  onTrained?.(seconds);
  await writeNetwork(path, network, result);
  return result;
}
