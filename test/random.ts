import type { Parameter } from '../src/parameters.js';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Float32 numbers in (−scale, scale). */
export function randomArray(length: number, random: () => number, scale = 1): Float32Array {
  const array = new Float32Array(length);
  for (let i = 0; i < length; i++) array[i] = scale * (2 * random() - 1);
  return array;
}

/** A parameter with random weights. */
export function randomParameter(
  name: string,
  shape: readonly number[],
  random: () => number,
): Parameter {
  const size = shape.reduce((a, b) => a * b, 1);
  return { name, shape, data: randomArray(size, random) };
}

/** `count` random gradient samples for each parameter, in batches of the given sizes. */
export function randomBatches(
  parameters: readonly Parameter[],
  counts: readonly number[],
  random: () => number,
  scale = 1,
): Record<string, Float32Array>[] {
  return counts.map((count) =>
    Object.fromEntries(
      parameters.map(({ name, data }) => [name, randomArray(count * data.length, random, scale)]),
    ),
  );
}
