// Rounds of create, add, invert, diagonal, update and dispose, with changing sizes and solvers, and
// rounds that fail. Arguments: rounds before the first look, and in all. Needs --expose-gc.
import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { BlockFisher, WoodFisherError } from '../../../src/index.js';
import { randomBatches, randomParameter, seeded } from '../../random.js';

/** What the process holds at one moment. */
interface Holdings {
  /** Resident memory in MB. */
  resident: number;
  /** What Node waits for, by kind. */
  resources: Record<string, number>;
  /** Open files and threads, where the system tells. */
  files?: number;
  threads?: number;
}

/** What is printed. */
export interface RoundsResult {
  early: Holdings;
  late: Holdings;
  /** Rounds by how they ended. */
  endings: Record<string, number>;
  listeners: number;
}

const SHAPES: readonly (readonly number[])[] = [
  [1, 1],
  [7, 1],
  [3, 33],
  [10, 100],
  [2, 257],
  [40, 64],
];
const SOLVERS = ['gram', 'dual', 'woodbury'] as const;
const SAMPLES = [1, 5, 30];
const BLOCK_SIZES = [50, 1, 100];
const FAULTS = ['nan', 'abort', 'huge'];

const [first, rounds] = process.argv.slice(2).map(Number);
const random = seeded(8);
const forever = new AbortController();
const endings: Record<string, number> = {};

const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)];

/** Resolves to how the round ended: `done`, or the error it was to meet. */
async function round(index: number): Promise<string> {
  const fault = index % 5 === 4 ? pick(FAULTS) : undefined;
  const samples = pick(SAMPLES);
  const parameters = [
    randomParameter('w', pick(SHAPES), random),
    randomParameter('v', [3, 3], random),
  ];
  const own = new AbortController();
  let fisher: BlockFisher | undefined;
  try {
    fisher = await BlockFisher.create({
      parameters,
      blockSize: pick(BLOCK_SIZES),
      solver: pick(SOLVERS),
      samples,
      damping: 1e-3,
      threads: 2,
      signal: fault === 'abort' ? own.signal : forever.signal,
    });
    const [batch] = randomBatches(parameters, [samples], random, fault === 'huge' ? 1e18 : 1);
    if (fault === 'nan') batch.w[batch.w.length - 1] = Number.NaN;
    if (fault === 'abort') setTimeout(() => own.abort(), 0);
    await fisher.add(batch);
    const inverse = await fisher.invert();
    await inverse.diagonal();
    const masks = await inverse.select({ sparsity: 0.5 });
    await inverse.update({ masks });
    if (index % 2 === 0) inverse.dispose();
    return 'done';
  } catch (error) {
    if (error instanceof WoodFisherError) return error.code;
    if (error === own.signal.reason) return 'aborted';
    throw error;
  } finally {
    await fisher?.dispose();
  }
}

const countOf = (folder: string): number | undefined =>
  process.platform === 'linux' ? readdirSync(folder).length : undefined;

async function look(): Promise<Holdings> {
  for (let i = 0; i < 3; i++) {
    await setImmediate();
    globalThis.gc?.();
  }
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    resident: process.memoryUsage.rss() / 2 ** 20,
    resources,
    files: countOf('/proc/self/fd'),
    threads: countOf('/proc/self/task'),
  };
}

let early: Holdings | undefined;
for (let i = 0; i < rounds; i++) {
  const ending = await round(i);
  endings[ending] = (endings[ending] ?? 0) + 1;
  if (i + 1 === first) early = await look();
}
if (early === undefined) throw new Error('the first look must come before the end');
const listeners = getEventListeners(forever.signal, 'abort').length;
const result: RoundsResult = { early, late: await look(), endings, listeners };
console.log(JSON.stringify(result));
