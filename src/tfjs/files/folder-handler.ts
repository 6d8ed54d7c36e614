import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type * as tfTypes from '@tensorflow/tfjs';
import { formatError, outputError, quote } from '../../formats/errors.js';
import { replaceFile } from '../../formats/replace-file.js';
import { writeAll } from '../../formats/write-all.js';
import { checkWhole } from '../../options.js';
import { weightBytes } from './weight-bytes.js';

type ModelArtifacts = tfTypes.io.ModelArtifacts;
type Manifest = tfTypes.io.WeightsManifestConfig;

/** Bytes of a weight file; those of the TensorFlow.js converter are as large. */
const SHARD_BYTES = 4 * 1024 * 1024;

/**
 * An IO handler for `model.save` and `tf.loadLayersModel` that needs no tfjs-node: `model.json` and weight
 * files of at most `shardBytes` bytes beside it, in the format of TensorFlow.js, which any of its builds
 * reads. Each file is replaced at once, `model.json` last.
 *
 * @param path A folder, or the `.json` file itself; created when it is written.
 * @throws {WoodFisherError} at `load` `ERR_WOODFISHER_FORMAT` for what is not such a model, at `save`
 *   `ERR_WOODFISHER_OUTPUT`.
 * @example
 * await model.save(folderHandler('pruned'));
 * const again = await tf.loadLayersModel(folderHandler('pruned'));
 */
export function folderHandler(
  path: string,
  { shardBytes = SHARD_BYTES }: { shardBytes?: number } = {},
): tfTypes.io.IOHandler {
  checkWhole('shardBytes', shardBytes);
  const file = path.endsWith('.json') ? path : join(path, 'model.json');
  return {
    save: (artifacts) => save(file, artifacts, shardBytes),
    load: () => load(file),
  };
}

async function save(
  file: string,
  { weightData, weightSpecs = [], ...rest }: ModelArtifacts,
  shardBytes: number,
): Promise<tfTypes.io.SaveResult> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true }).catch((cause: Error) => {
    throw outputError(file, cause.message, {}, cause);
  });
  const bytes = joined([weightData ?? []].flat().map((data) => new Uint8Array(data)));
  const count = Math.ceil(bytes.length / shardBytes);
  const stem = `${basename(file, '.json') === 'model' ? '' : `${basename(file, '.json')}-`}group1`;
  const paths = Array.from({ length: count }, (_, k) => `${stem}-shard${k + 1}of${count}.bin`);
  for (const [k, name] of paths.entries()) {
    const shard = bytes.subarray(k * shardBytes, (k + 1) * shardBytes);
    await replaceFile(join(folder, name), (handle) => writeAll(handle, shard));
  }
  const weightsManifest: Manifest = [{ paths, weights: weightSpecs }];
  const text = JSON.stringify({ ...rest, weightsManifest });
  await replaceFile(file, (handle) => writeAll(handle, new TextEncoder().encode(text)));
  return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
}

async function load(file: string): Promise<ModelArtifacts> {
  const { weightsManifest, ...rest } = await readModelJson(file);
  const parts: Uint8Array[] = [];
  for (const path of weightsManifest.flatMap(({ paths }) => paths)) {
    if (basename(path) !== path) {
      throw formatError(file, `names the weight file ${quote(path)}, which has a path in it`);
    }
    parts.push(await readBytes(join(dirname(file), path)));
  }
  const weightData = joined(parts);
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const expected = weightBytes(file, weightSpecs);
  if (weightData.length !== expected) {
    const rule = `the weights of its manifest take ${expected} bytes`;
    throw formatError(file, `${rule}, but its weight files have ${weightData.length}`);
  }
  return { ...rest, weightSpecs, weightData: weightData.buffer };
}

async function readModelJson(
  file: string,
): Promise<ModelArtifacts & { weightsManifest: Manifest }> {
  const text = new TextDecoder().decode(await readBytes(file));
  let json: Partial<ModelArtifacts & { weightsManifest: Manifest }>;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw formatError(file, `is not JSON: ${(cause as Error).message}`, {}, cause);
  }
  if (typeof json?.modelTopology !== 'object' || json.modelTopology === null) {
    throw formatError(file, 'has no modelTopology: it is no TensorFlow.js model');
  }
  if (json.format === 'graph-model') {
    throw formatError(
      file,
      'is a graph model, which has no layers to train or prune; convert the original with output_format tfjs_layers_model',
    );
  }
  const manifest: unknown = json.weightsManifest;
  const groups = Array.isArray(manifest) ? (manifest as Partial<Manifest[number]>[]) : [];
  const whole = groups.every(
    (group) =>
      Array.isArray(group?.weights) &&
      Array.isArray(group.paths) &&
      group.paths.every((path) => typeof path === 'string'),
  );
  if (!Array.isArray(manifest) || !whole) {
    throw formatError(file, 'must have a weightsManifest of groups with paths and weights');
  }
  return json as ModelArtifacts & { weightsManifest: Manifest };
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    if (!(await stat(path)).isFile()) throw new Error('it is not a regular file');
    return await readFile(path);
  } catch (cause) {
    throw formatError(path, `cannot be read: ${(cause as Error).message}`, {}, cause);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
