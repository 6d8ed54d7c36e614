import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrunedTensor } from '../../files/pruned-model.js';
import { stagePruned } from '../../files/stage-pruned.js';
import { StagedOutputs } from '../../files/staged-outputs.js';
import { isSharded, type ModelFiles } from '../../formats/safetensors/model-files.js';
import { jobError } from './run-job.js';

/** Files that a job is given. */
export interface JobInputs {
  weights: string;
  mask?: string;
}

/** Writes the model as it stands into a folder, in files as --out has them, for a job to read. */
export async function writeJobInputs(
  folder: string,
  model: ModelFiles,
  tensors: readonly PrunedTensor[],
  { signal, mask }: { signal: AbortSignal; mask: boolean },
): Promise<JobInputs> {
  const weights = join(folder, model.index === undefined ? 'weights.safetensors' : 'weights');
  const maskOut = mask ? join(folder, 'mask.safetensors') : undefined;
  await using outputs = new StagedOutputs();
  await stagePruned(outputs, { out: weights, maskOut }, model, tensors, { signal, durable: false });
  await outputs.commit();
  return { weights, mask: maskOut };
}

/**
 * The gradients that a job has left at `out`, as --gradients takes them: a safetensors file, a folder
 * with a model's index or file, or else all safetensors and .npy files of the folder, by name.
 */
export async function jobOutputs(flag: string, out: string): Promise<string[]> {
  const there = await stat(out).catch(() => undefined);
  if (there === undefined)
    throw jobError(`${flag} ended with exit code 0, but wrote no {out}: ${out}`);
  if (!there.isDirectory()) return [out];
  if (await hasModel(out)) return [out];
  const names = (await readdir(out)).filter((name) => /\.(safetensors|npy)$/.test(name)).sort();
  if (names.length > 0) return names.map((name) => join(out, name));
  throw jobError(`${flag} made a folder of {out}, but no .safetensors or .npy file in it: ${out}`);
}

/** Makes what others have written survive a power failure. */
export async function syncFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await using handle = await open(path, 'r');
    await handle.sync();
  }
}

async function hasModel(folder: string): Promise<boolean> {
  try {
    await isSharded(folder);
    return true;
  } catch {
    return false;
  }
}
