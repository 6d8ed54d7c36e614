import { mean } from '../../examples/digits/moments.js';
import { scoreNetwork, sparseNetwork } from '../../examples/digits/sparse-network.js';
import type { Parameter } from '../../src/index.js';
import { ResultCache, weightsKey } from './cache.js';
import type { Dataset, DatasetName } from './datasets.js';
import { type Cell, cellsOf, type GridOptions } from './grid.js';
import { resolvedOptions } from './methods.js';
import { pruneNetwork } from './prune-network.js';
import {
  accuraciesOf,
  type DenseResult,
  type QualityCase,
  type QualityResult,
  type RunResult,
} from './result.js';
import type { Subject } from './subjects.js';
import { trainedNetwork } from './trained-network.js';

export interface QualityOptions extends GridOptions {
  /** Each decides the weights a network is trained from, and the examples of its gradients. */
  seeds: readonly number[];
  /** Reads a dataset; called once for each, unless another comes between. */
  load: (name: DatasetName) => Promise<Dataset>;
  /** The folder of trained networks and results. */
  cache: string;
  /** Trains and runs again what is kept. */
  fresh: boolean;
  /** Runs nothing: cells that an earlier bench has not made for all seeds are left out. Default false. */
  onlyKept?: boolean;
  quick: boolean;
  /** Methods and datasets that were left out, and why. */
  skipped: Record<string, string>;
  /** Called after each network that was not kept. */
  onTrained?: (subject: Subject, seed: number, seconds: number) => void;
  /** Called after each run with its result. */
  onRun?: (run: CompletedRun) => void;
}

/** A run that is done. */
export interface CompletedRun {
  cell: Cell;
  seed: number;
  result: RunResult;
  /** Whether an earlier bench had made it. */
  kept: boolean;
}

/** Trains the networks, prunes them by all methods, and counts what they get right. */
export async function runQuality(options: QualityOptions): Promise<QualityResult> {
  const { subjects, seeds, tableSamples, tableSparsity, quick, skipped } = options;
  const dense: DenseResult[] = [];
  const cases: QualityCase[] = [];
  let dataset: Dataset | undefined;
  for (const subject of subjects) {
    if (dataset?.name !== subject.dataset) dataset = await options.load(subject.dataset);
    const networks = await trainAll(subject, dataset, options);
    dense.push({ ...namesOf(subject), ...(await denseAccuracies(networks, dataset)) });
    for (const cell of cellsOf({ ...options, subjects: [subject] })) {
      const found = await runCell(cell, networks, dataset, options);
      if (found !== undefined) cases.push(found);
    }
  }
  return { quick, seeds: [...seeds], tableSamples, tableSparsity, dense, cases, skipped };
}

/** A network in one of the trainings that the seeds decide. */
interface SeededNetwork {
  seed: number;
  parameters: Parameter[];
}

async function trainAll(
  subject: Subject,
  { train }: Dataset,
  { seeds, cache, fresh, onTrained }: QualityOptions,
): Promise<SeededNetwork[]> {
  const networks: SeededNetwork[] = [];
  for (const seed of seeds) {
    const parameters = await trainedNetwork(subject, train, {
      seed,
      cache,
      fresh,
      onTrained: (seconds) => onTrained?.(subject, seed, seconds),
    });
    networks.push({ seed, parameters });
  }
  return networks;
}

async function denseAccuracies(
  networks: readonly SeededNetwork[],
  { heldOut, test }: Dataset,
): Promise<ReturnType<typeof accuraciesOf>> {
  const runs: { accuracy: number; heldOut: number }[] = [];
  for (const { parameters } of networks) {
    const network = sparseNetwork(parameters);
    const { accuracy } = await scoreNetwork(network, test);
    runs.push({ accuracy, heldOut: (await scoreNetwork(network, heldOut)).accuracy });
  }
  return accuraciesOf(runs);
}

async function runCell(
  cell: Cell,
  networks: readonly SeededNetwork[],
  dataset: Dataset,
  { cache, fresh, onlyKept, onRun }: QualityOptions,
): Promise<QualityCase | undefined> {
  const { subject, method, sparsity, samples, tables } = cell;
  const results = new ResultCache<RunResult>(cache, { fresh });
  const runs: RunResult[] = [];
  for (const { seed, parameters } of networks) {
    const { needs } = method;
    const options = resolvedOptions(method);
    const examples = [dataset.train, dataset.heldOut, dataset.test].map(
      ({ labels }) => labels.length,
    );
    const weights = weightsKey(parameters);
    const { name: data } = dataset;
    const settings = { weights, data, examples, options, needs, sparsity, samples, seed };
    const known = await results.get(settings);
    if (known === undefined && onlyKept) return undefined;
    const recipe = { method, sparsity, samples, seed };
    const result = known ?? (await pruneNetwork(parameters, dataset, recipe));
    if (known === undefined) await results.set(settings, result);
    onRun?.({ cell, seed, result, kept: known !== undefined });
    runs.push(result);
  }
  return {
    ...namesOf(subject),
    method: method.name,
    sparsity,
    samples,
    tables,
    ...accuraciesOf(runs),
    seconds: mean(runs.map(({ seconds }) => seconds)),
  };
}

function namesOf({ dataset, network }: Subject): { dataset: string; network: string } {
  return { dataset, network: network.name };
}
