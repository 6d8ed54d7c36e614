import { mean, standardDeviation } from '../../examples/digits/moments.js';
import type { TableName } from './grid.js';

/** How one pruned network does. */
export interface RunResult {
  /** Share of the test images it gets right. */
  accuracy: number;
  /** The same of the held-out training images, by which recipes are chosen. */
  heldOut: number;
  /** Wall time of `prune`, the gradients and losses it asks for included. */
  seconds: number;
}

/** A dense network, or one that was pruned in a certain way, over all seeds. */
export interface Accuracies {
  /** Shares of the test images, one a seed. */
  accuracies: number[];
  mean: number;
  /** Sample standard deviation; null for one seed. */
  sd: number | null;
  /** Mean share of the held-out training images. */
  heldOut: number;
}

export interface DenseResult extends Accuracies {
  dataset: string;
  network: string;
}

export interface QualityCase extends Accuracies {
  dataset: string;
  network: string;
  method: string;
  sparsity: number;
  /** Gradients at each step; null where the method takes none. */
  samples: number | null;
  /** The tables it stands in. */
  tables: TableName[];
  /** Mean time of a run. */
  seconds: number;
}

/** What `npm run bench:quality -- --json FILE` writes. */
export interface QualityResult {
  quick: boolean;
  seeds: number[];
  /** N of the table over sparsities, and the sparsity of that over N. */
  tableSamples: number;
  tableSparsity: number;
  dense: DenseResult[];
  cases: QualityCase[];
  /** Methods and datasets that could not be run, and why. */
  skipped: Record<string, string>;
}

export function accuraciesOf(runs: readonly Omit<RunResult, 'seconds'>[]): Accuracies {
  const accuracies = runs.map(({ accuracy }) => accuracy);
  return {
    accuracies,
    mean: mean(accuracies),
    sd: standardDeviation(accuracies),
    heldOut: mean(runs.map(({ heldOut }) => heldOut)),
  };
}
