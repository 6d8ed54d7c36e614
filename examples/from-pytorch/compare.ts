import { join } from 'node:path';
import type { RunStatistics } from '../../src/index.js';
import { python, woodfisher } from './programs.js';
import type { Settings } from './settings.js';

/** What pruning to a sparsity has cost: by how much the loss has grown. */
export interface Row {
  sparsity: number;
  magnitude: number;
  measured: number;
  predicted: number;
}

/** What became of one model. */
export interface Comparison {
  /** Of the dense model, on sentences that nothing else has seen. */
  loss: number;
  /** Weights that may be pruned. */
  weights: number;
  rows: Row[];
}

/** Symbols of a sentence that its loss is the mean over: PREDICTED in language.py. */
const SYMBOLS = 15;

/** The Fisher of single symbols, which is what the curvature of the mean loss is. */
const FISHER = ['--examples-per-sample', `${SYMBOLS}`, '--fisher-scale', 'examples'];

/** Of 0.01, 0.3 and 3 the one that lost least at 50 %, on the sentences of loss.py. */
const DAMPING = ['--relative-damping', '0.3', '--damping-over', 'model'];

/** Trains, and prunes to each sparsity by magnitude and by WoodFisher. */
export async function compare(
  program: string,
  folder: string,
  { steps, samples, sparsities }: Settings,
): Promise<Comparison> {
  const [dense, gradients, pruned, mask] = ['model', 'gradients', 'pruned', 'mask'].map((name) =>
    join(folder, `${name}.safetensors`),
  );
  const lossOf = async (weights: string): Promise<number> =>
    Number(await python(program, 'loss.py', [weights]));
  await python(program, 'train.py', [`${steps}`, dense]);
  await python(program, 'grads.py', [dense, mask, gradients, `${samples}`]);
  const loss = await lossOf(dense);
  const files = ['prune', '--weights', dense, '--out', pruned];
  const kept = ['--exclude', 'embed', '--exclude', 'position'];
  const rows: Row[] = [];
  let weights = 0;
  for (const sparsity of sparsities) {
    const all = [...files, ...kept, '--sparsity', `${sparsity}`];
    await woodfisher([...all, '--criterion', 'magnitude']);
    const magnitude = (await lossOf(pruned)) - loss;
    const { totals, predictedLossChange } = await woodfisher<RunStatistics>([
      ...[...all, '--gradients', gradients, ...FISHER, ...DAMPING],
    ]);
    const measured = (await lossOf(pruned)) - loss;
    weights = totals.size;
    rows.push({ sparsity, magnitude, measured, predicted: predictedLossChange?.quadratic ?? 0 });
  }
  return { loss, weights, rows };
}
