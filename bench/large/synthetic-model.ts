/*
 * Models of any size made of copies of one layer, BF16: weights in several files with an index, gradients
 * in several files. The same layer over and over makes them fast to write in little memory, and known
 * beforehand: where sparsity times the weights of a layer is a whole number, every layer of the pruned
 * model is what the layer alone becomes, whatever its neighbours in a slab are.
 */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { headerBytes } from '../../src/formats/safetensors/header-text.js';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';

/** What a model is made of. */
export interface SyntheticSettings {
  layers: number;
  /** Of each: outputs and inputs. */
  shape: readonly [number, number];
  /** Gradient samples of each weight. */
  samples: number;
  /** Files of the weights. Default: one for 16 layers. */
  shards?: number;
  /** Files of the gradients. Default: one for 16 samples. */
  gradientFiles?: number;
  /** Headers alone, before a hole in place of the data: files of any size on a small disk. Default false. */
  sparse?: boolean;
}

/** Where a model was written. */
export interface SyntheticFiles {
  /** A folder with files and their index. */
  weights: string;
  /** The files of the gradients. */
  gradients: string[];
}

/** Writes a model and its gradients into a folder. */
export async function writeSynthetic(
  folder: string,
  settings: SyntheticSettings,
): Promise<SyntheticFiles> {
  const { layers, shape, samples } = settings;
  const { shards = Math.ceil(layers / 16), sparse = false } = settings;
  const { gradientFiles = Math.ceil(samples / 16) } = settings;
  const write = sparse ? writeHole : writeCopies;
  const size = shape[0] * shape[1];
  const names = Array.from({ length: layers }, (_, i) => `layers.${i}.weight`);
  const weights = join(folder, 'model');
  await mkdir(weights, { recursive: true });

  const files: Record<string, string> = {};
  const layer = sparse ? undefined : randomBits(size, 1, LARGE);
  for (const [s, [from, to]] of parts(layers, shards).entries()) {
    const file = `model-${numbered(s + 1)}-of-${numbered(shards)}.safetensors`;
    await write(join(weights, file), names.slice(from, to), shape, layer);
    for (const name of names.slice(from, to)) files[name] = file;
  }
  const index = { metadata: { total_size: 2 * size * layers }, weight_map: files };
  await writeFile(join(weights, 'model.safetensors.index.json'), JSON.stringify(index));

  const gradients: string[] = [];
  for (const [f, [from, to]] of parts(samples, gradientFiles).entries()) {
    const path = join(folder, `gradients-${numbered(f)}.safetensors`);
    const rows = sparse ? undefined : randomBits((to - from) * size, 2 + f, SMALL);
    await write(path, names, [to - from, ...shape], rows);
    gradients.push(path);
  }
  return { weights, gradients };
}

/** Powers of two below which absolute values lie: BF16 exponents. */
const LARGE = 126;
const SMALL = 119;

async function writeCopies(
  path: string,
  names: readonly string[],
  shape: readonly number[],
  bytes: Uint8Array = new Uint8Array(0),
): Promise<void> {
  const copies = names.map((name) => ({
    ...{ name, dtype: 'BF16' as const, shape, data: bytes },
  }));
  await writeSafetensors(path, copies);
}

async function writeHole(
  path: string,
  names: readonly string[],
  shape: readonly number[],
): Promise<void> {
  const tensors = names.map((name) => ({ name, dtype: 'BF16' as const, shape }));
  const header = headerBytes(tensors, [], path);
  await using handle = await open(path, 'w');
  await handle.write(header);
  const data = shape.reduce((a, b) => a * b, 2 * names.length);
  await handle.truncate(header.byteLength + data);
}

/** Bytes of BF16 numbers: signs and mantissas at random, exponents `most` and some below. */
function randomBits(length: number, seed: number, most: number): Uint8Array {
  const bits = new Uint16Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    // Marsaglia's xorshift with 32 bits; the low ones choose a smaller exponent half as often each.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const smaller = Math.clz32(state & 0xff) - 24;
    bits[i] = ((state >>> 16) & 0x807f) | ((most - smaller) << 7);
  }
  return new Uint8Array(bits.buffer);
}

/** Cuts [0, length) into parts that are as equal as they can be. */
function parts(length: number, count: number): [number, number][] {
  const bound = (i: number): number => Math.floor((i * length) / count);
  return Array.from({ length: count }, (_, i) => [bound(i), bound(i + 1)]);
}

function numbered(i: number): string {
  return i.toString().padStart(5, '0');
}
