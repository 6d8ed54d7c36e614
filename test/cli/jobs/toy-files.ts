import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { writeShards } from '../../formats/safetensors/shards.js';
import { randomArray, seeded } from '../../random.js';
import { TOY_SHAPES, toyOptimum } from './toy.js';

/** Words of a command that runs a job of this folder. */
function job(name: string): string {
  return `"${process.execPath}" "${fileURLToPath(new URL(`${name}.js`, import.meta.url))}"`;
}

/** The command that takes gradients, with what comes behind its first three arguments. */
export function gradientsCommand(rest = ''): string {
  return `${job('gradients-job')} {weights} {out} {step} ${rest}`;
}

/** The command that takes the loss. */
export function lossCommand(rest = ''): string {
  return `${job('loss-job')} {weights} ${rest}`;
}

/** Writes the toy model near its optimum, in one file or as shards; the flag to prune it. */
export async function writeToy(
  folder: string,
  { dtype = 'F32', sharded = false }: { dtype?: 'F32' | 'BF16'; sharded?: boolean } = {},
): Promise<string[]> {
  const random = seeded(17);
  const optimum = toyOptimum();
  let at = 0;
  const tensors = Object.entries(TOY_SHAPES).map(([name, [rows, columns]]) => {
    const data = optimum.slice(at, at + rows * columns).map((w) => w + 0.05 * (random() - 0.5));
    at += data.length;
    return { name, dtype, shape: [rows, columns], data };
  });
  const bias = { name: 'bias', dtype: 'F32' as const, shape: [6], data: randomArray(6, random) };
  const path = join(folder, sharded ? 'model' : 'model.safetensors');
  if (sharded) {
    await mkdir(path);
    await writeShards(path, { one: [tensors[0], bias], two: tensors.slice(1) });
  } else {
    await writeSafetensors(path, [tensors[0], bias, tensors[1]], { metadata: [['format', 'pt']] });
  }
  return ['--weights', path];
}
