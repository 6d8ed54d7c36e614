import { sizeOf } from '../blocks/block-shape.js';
import { WoodFisherError } from '../errors.js';
import type { RunStatistics } from '../report/statistics.js';
import type { Dataset } from './data/dataset.js';
import { type DrawPosition, ExampleDraw } from './data/draw.js';
import { readModelFile, writeModelFile } from './files/model-file.js';
import { graphOf } from './graph.js';
import { namedVariables } from './names.js';
import { evaluatorOf } from './pruning/evaluate.js';
import { readParts } from './pruning/held-out.js';
import { examplesWanted, gradientSettings, type ModelPruningOptions } from './pruning/options.js';
import { masksOf, type PruningData, pruneWeights } from './pruning/prune-weights.js';
import { isPrunableVariable } from './roles.js';
import {
  assertLayersModel,
  type LayersModel,
  readyTensorFlow,
  type TensorFlow,
} from './tensorflow.js';
import { HeldMasks } from './training/hold-masks.js';
import { type PlannedPruning, plannedPrunings } from './training/pruning-times.js';
import { type GradualOptions, singlePruning } from './training/settings.js';
import { modelParameters, setModelWeights } from './weights.js';

/** A pruning that was done while training. */
export interface GradualPruning extends PlannedPruning {
  statistics: RunStatistics;
}

/** What a checkpoint has beside the model and its masks; JSON. */
interface GradualState {
  step: number;
  prunings: number;
  draw: DrawPosition;
}

/** What a pruner is made of. */
interface Parts {
  tf: TensorFlow;
  model: LayersModel;
  data: PruningData;
  options: ModelPruningOptions;
  planned: PlannedPruning[];
  masks: Record<string, Uint8Array>;
  state: Pick<GradualState, 'step' | 'prunings'>;
}

/**
 * Prunes a model while it is trained: a callback for `fit` and `fitDataset`. After `start` steps of
 * the optimizer and every `frequency` steps from then on the Fisher is made anew, at the weights of the
 * moment and with examples drawn anew; the cheapest weights go, the others move, and pruned ones stay 0
 * through every step that follows.
 *
 * In a training loop of your own: `await pruner.onTrainBegin()`, `await pruner.onBatchEnd()` after each
 * step of `model.optimizer`, `await pruner.onTrainEnd()`.
 *
 * @example
 * const pruner = await GradualPruner.create(model, { xs, ys }, {
 *   tf, sparsity: 0.95, start: 500, end: 3000, frequency: 250,
 * });
 * await model.fit(xs, ys, { epochs: 10, callbacks: pruner });
 */
export class GradualPruner {
  readonly #parts: Parts;
  #masks: Record<string, Uint8Array>;
  #step: number;
  #done: number;
  readonly #history: GradualPruning[] = [];
  #held?: HeldMasks;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#masks = parts.masks;
    this.#step = parts.state.step;
    this.#done = parts.state.prunings;
  }

  /**
   * @param model Compiled; trained afterwards, and pruned in place.
   * @param dataset Examples for the Fisher, a part of them held out for line searches: see pruneModel.
   * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` or `ERR_WOODFISHER_MODEL`.
   */
  static async create(
    model: LayersModel,
    dataset: Dataset,
    options: GradualOptions,
  ): Promise<GradualPruner> {
    const state = { step: 0, prunings: 0, draw: { round: 0, given: 0 } };
    return await GradualPruner.#make(model, dataset, options, options.masks ?? {}, state);
  }

  /**
   * Goes on where {@link save} was called, with the same dataset and options.
   *
   * @returns The model with its optimizer, compiled, and its pruner; train the steps that are left.
   * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for a file that is no checkpoint.
   */
  static async resume(
    path: string,
    dataset: Dataset,
    options: GradualOptions,
  ): Promise<{ model: LayersModel; pruner: GradualPruner }> {
    const tf = await readyTensorFlow(options.tf);
    const { model, masks, state } = await readModelFile(tf, path);
    try {
      const pruner = await GradualPruner.#make(
        model,
        dataset,
        options,
        masks,
        gradualState(path, state),
      );
      return { model, pruner };
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  static async #make(
    model: LayersModel,
    dataset: Dataset,
    options: GradualOptions,
    masks: Record<string, Uint8Array>,
    state: GradualState,
  ): Promise<GradualPruner> {
    const tf = await readyTensorFlow(options.tf);
    assertLayersModel(tf, model);
    if ((model.optimizer as LayersModel['optimizer'] | undefined) === undefined) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_MODEL',
        'the model has no optimizer: call model.compile({loss, optimizer}) before',
      );
    }
    // Those the first pruning began from, a checkpoint or not.
    const planned = plannedPrunings(options, prunedShare(options.masks ?? {}, model, options));
    const single = singlePruning(options);
    const settings = gradientSettings(single);
    const { seed, gradientBatch, searches } = settings;
    const { inputShape } = graphOf(model);
    const { rest, heldOut } = await readParts(dataset, {
      ...options,
      tf,
      inputShape,
      wanted: planned.length * examplesWanted(single, settings),
      searches,
      seed,
    });
    const evaluator = evaluatorOf(tf, model, { ...options, metrics: {}, batchSize: gradientBatch });
    const data = { draw: new ExampleDraw(rest, seed + 1, state.draw), heldOut, evaluator };
    return new GradualPruner({ tf, model, data, options: single, planned, masks, state });
  }

  /** 1 = kept, 0 = pruned, by parameter; empty before the first pruning. */
  get masks(): Readonly<Record<string, Uint8Array>> {
    return this.#masks;
  }

  /** Steps of the optimizer so far, those before a checkpoint included. */
  get step(): number {
    return this.#step;
  }

  /** The prunings so far, since this pruner was made. */
  get history(): readonly GradualPruning[] {
    return this.#history;
  }

  /** The prunings still to come. */
  get planned(): readonly PlannedPruning[] {
    return this.#parts.planned.slice(this.#done);
  }

  /** For TensorFlow.js, which calls it without `this`. */
  readonly onTrainBegin = async (): Promise<void> => {
    const { tf, model } = this.#parts;
    this.#held ??= new HeldMasks(tf, model, () => {
      this.#step++;
    });
    this.#held.set(this.#masks);
    await this.#pruneWhenDue();
  };

  /** For TensorFlow.js, which calls it without `this`. */
  readonly onBatchEnd = async (): Promise<void> => {
    await this.#pruneWhenDue();
  };

  /** For TensorFlow.js, which calls it without `this`. */
  readonly onTrainEnd = async (): Promise<void> => {
    this.dispose();
  };

  /**
   * Writes a checkpoint: the model with its optimizer, the masks, and where the pruner stands. The file
   * is replaced at once, so that a crash leaves the old one or the new one.
   *
   * @throws {WoodFisherError} `ERR_WOODFISHER_OUTPUT`; `ERR_WOODFISHER_MODEL` for a loss that is a
   *   function, which cannot be saved.
   */
  async save(path: string): Promise<void> {
    const { tf, model, data } = this.#parts;
    const state: GradualState = {
      step: this.#step,
      prunings: this.#done,
      draw: data.draw.position,
    };
    await writeModelFile(tf, path, model, { masks: this.#masks, optimizer: true, state });
  }

  /** Lets go of the optimizer; needed where training was broken off before onTrainEnd. */
  dispose(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  async #pruneWhenDue(): Promise<void> {
    const next = this.#parts.planned[this.#done];
    if (next === undefined || this.#step < next.step) return;
    const { tf, model, data, options } = this.#parts;
    const before = modelParameters(model);
    try {
      const result = await pruneWeights(tf, model, data, {
        ...options,
        sparsity: next.sparsity,
        masks: this.#masks,
      });
      await setModelWeights(model, result.parameters, { tf });
      this.#masks = masksOf(result);
      this.#history.push({ ...next, statistics: result.statistics });
    } catch (error) {
      await setModelWeights(model, before, { tf });
      throw error;
    }
    this.#done++;
    this.#held?.set(this.#masks);
  }
}

/** Fraction of the prunable weights that masks say is zero. */
function prunedShare(
  masks: Readonly<Record<string, Uint8Array>>,
  model: LayersModel,
  { exclude = [] }: GradualOptions,
): number {
  let [all, pruned] = [0, 0];
  for (const [name, named] of namedVariables(model)) {
    if (!isPrunableVariable(named) || exclude.includes(name)) continue;
    all += sizeOf(named.variable.shape as number[]);
    for (const kept of masks[name] ?? []) if (kept === 0) pruned++;
  }
  return all === 0 ? 0 : pruned / all;
}

function gradualState(path: string, state: unknown): GradualState {
  const { step, prunings, draw } = (state ?? {}) as Partial<GradualState>;
  const counts = [step, prunings, draw?.round, draw?.given];
  if (counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0)) {
    return state as GradualState;
  }
  throw new WoodFisherError(
    'ERR_WOODFISHER_FORMAT',
    `${path}: is no checkpoint of a GradualPruner`,
  );
}
