import { WoodFisherError } from '../../errors.js';
import { formatError, quote } from '../../formats/errors.js';
import { openSafetensors, type SafetensorsFile } from '../../formats/safetensors/reader.js';
import { type TensorSource, writeSafetensors } from '../../formats/safetensors/writer.js';
import { namedVariables } from '../names.js';
import { ownOptimizer } from '../owned-optimizer.js';
import type { LayersModel, Tensor, TensorFlow } from '../tensorflow.js';
import { modelParameters, setModelWeights } from '../weights.js';
import { type Masks, maskTensors, readMasks } from './mask-file.js';

/*
 * A model in one safetensors file: its weights under the names of `modelParameters`, masks under
 * `mask:` and the name, the optimizer's own weights under `optimizer:`, and in the metadata under
 * `woodfisher.tfjs` how layers, loss and optimizer are made again.
 */

const KEY = 'woodfisher.tfjs';
const VERSION = 1;
const MASK = 'mask:';

/** What the metadata say. */
interface Description {
  version: typeof VERSION;
  /** As LayersModel.toJSON gives it. */
  topology: object;
  /** How the model was compiled; null where it was not, or that was not saved. */
  training: object | null;
  /** Names of the optimizer's weights, in its order. */
  optimizer: string[];
  state: unknown;
}

export interface ModelFileContent {
  masks?: Masks;
  /** Whether loss, metrics and the state of the optimizer are saved too. Default false. */
  optimizer?: boolean;
  /** JSON of the caller's. */
  state?: unknown;
}

/** Writes a model; see `replaceFile` for what is there when it fails. */
export async function writeModelFile(
  tf: TensorFlow,
  path: string,
  model: LayersModel,
  { masks = {}, optimizer = false, state = null }: ModelFileContent,
): Promise<void> {
  const parameters = modelParameters(model);
  const slots = optimizer ? await optimizerWeights(tf, model) : [];
  const tensors: TensorSource[] = [
    ...parameters.map(({ name, shape, data }) => ({
      name,
      dtype: 'F32' as const,
      shape: [...shape],
      data,
    })),
    ...maskTensors(model, masks, MASK),
    ...slots,
  ];
  const description: Description = {
    version: VERSION,
    topology: model.toJSON(null, false) as object,
    training: optimizer ? trainingConfig(model) : null,
    optimizer: slots.map(({ name }) => name),
    state,
  };
  const metadata = Object.entries({ format: 'tfjs', [KEY]: JSON.stringify(description) });
  await writeSafetensors(path, tensors, { metadata });
}

/** What a file has; the model is the caller's to dispose. */
export interface ModelFile {
  model: LayersModel;
  masks: Record<string, Uint8Array>;
  state: unknown;
}

/**
 * Makes the model of a file again, compiled where that was saved.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for a file that writeModelFile has not written;
 *   `ERR_WOODFISHER_MODEL` for layers that this TensorFlow.js does not know.
 */
export async function readModelFile(tf: TensorFlow, path: string): Promise<ModelFile> {
  await using file = await openSafetensors(path);
  const { topology, training, optimizer, state } = descriptionOf(file);
  const model = await modelOf(tf, topology, path);
  try {
    const parameters = [];
    for (const [name, { variable }] of namedVariables(model)) {
      const shape = variable.shape as number[];
      parameters.push({ name, shape, data: await readTensor(file, name, shape) });
    }
    await setModelWeights(model, parameters, { tf });
    if (training !== null) {
      model.loadTrainingConfig(training as Parameters<LayersModel['loadTrainingConfig']>[0]);
      ownOptimizer(model);
      await setOptimizerWeights(tf, model, file, optimizer);
    }
    return { model, masks: await readMasks(file, model, MASK), state };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function modelOf(tf: TensorFlow, topology: object, path: string): Promise<LayersModel> {
  try {
    return await tf.models.modelFromJSON(topology as Parameters<typeof tf.models.modelFromJSON>[0]);
  } catch (cause) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MODEL',
      `the model of ${path} cannot be made again: ${(cause as Error).message}`,
      {},
      { cause },
    );
  }
}

function descriptionOf({ metadata, path }: SafetensorsFile): Description {
  const text = metadata.get(KEY);
  if (text === undefined) {
    throw formatError(path, `has no ${quote(KEY)} in its metadata: it is no TensorFlow.js model`);
  }
  let description: Partial<Description>;
  try {
    description = JSON.parse(text);
  } catch (cause) {
    throw formatError(path, `${quote(KEY)} is not JSON: ${(cause as Error).message}`, {}, cause);
  }
  const { version, topology, training, optimizer } = description ?? {};
  if (version !== VERSION) {
    throw formatError(path, `${quote(KEY)} must have version ${VERSION}, but has ${version}`);
  }
  const names = Array.isArray(optimizer) && optimizer.every((name) => typeof name === 'string');
  if (typeof topology !== 'object' || topology === null || typeof training !== 'object' || !names) {
    throw formatError(path, `${quote(KEY)} must have topology, training and optimizer`);
  }
  return description as Description;
}

async function readTensor(
  file: SafetensorsFile,
  name: string,
  shape: readonly number[],
): Promise<Float32Array> {
  const found = file.tensors.get(name)?.shape;
  if (found !== undefined && `${found}` !== `${shape}`) {
    const problem = `tensor ${quote(name)} must have shape [${shape}], but has [${found}]`;
    throw formatError(file.path, problem, { parameter: name });
  }
  return await file.read(name);
}

function trainingConfig(model: LayersModel): object {
  const { getTrainingConfig } = model as unknown as { getTrainingConfig(): object };
  try {
    return getTrainingConfig.call(model);
  } catch (cause) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MODEL',
      `the loss or the optimizer of the model cannot be saved: ${(cause as Error).message}`,
      {},
      { cause },
    );
  }
}

async function optimizerWeights(tf: TensorFlow, model: LayersModel): Promise<TensorSource[]> {
  const weights = await model.optimizer.getWeights();
  const sources: TensorSource[] = [];
  for (const [i, { name, tensor }] of weights.entries()) {
    const values = await tensor.data();
    const whole = tensor.dtype === 'int32';
    sources.push({
      name: `optimizer:${i}:${name}`,
      dtype: whole ? 'I32' : 'F32',
      shape: [...tensor.shape],
      data: whole ? new Uint8Array(Int32Array.from(values).buffer) : Float32Array.from(values),
    });
    // The count of steps is made for the occasion; the others are the optimizer's own.
    if (!(tensor instanceof tf.Variable)) tensor.dispose();
  }
  return sources;
}

async function setOptimizerWeights(
  tf: TensorFlow,
  { optimizer }: LayersModel,
  file: SafetensorsFile,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const weights: { name: string; tensor: Tensor }[] = [];
  try {
    for (const key of names) {
      const entry = file.tensors.get(key);
      const tensor: Tensor =
        entry?.dtype === 'I32'
          ? tf.tensor(new Int32Array((await file.readBytes(key)).buffer), [...entry.shape], 'int32')
          : tf.tensor(await file.read(key), [...(entry?.shape ?? [])]);
      weights.push({ name: key.slice(key.indexOf(':', 'optimizer:'.length) + 1), tensor });
    }
    await optimizer.setWeights(weights);
  } finally {
    for (const { tensor } of weights) tensor.dispose();
  }
}
