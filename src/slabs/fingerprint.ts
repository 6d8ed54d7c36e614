import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { readFully } from '../formats/safetensors/positioned-read.js';

/** Bytes at the start of a file that are hashed: its header, mostly. */
const HASHED = 2 ** 20;

/** What tells whether a file is the one it was: size, time of the last change, and its start. */
export async function fingerprint(path: string): Promise<string> {
  await using handle = await open(path, 'r');
  const { size, mtimeNs } = await handle.stat({ bigint: true });
  const start = new Uint8Array(Math.min(HASHED, Number(size)));
  await readFully(handle, start, 0, path);
  const hash = createHash('sha256').update(start).digest('hex');
  return `${size} ${mtimeNs} ${hash}`;
}
