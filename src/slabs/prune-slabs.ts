import type { ChosenEngine } from '../engine/engine.js';
import { WoodFisherError } from '../errors.js';
import { readAhead } from '../files/gradient-batches.js';
import type { MatchedGradients } from '../files/gradient-files.js';
import type { PrunedTensor } from '../files/pruned-model.js';
import { flatIndex } from '../files/region.js';
import type { BlockShape } from '../fisher/block-shape.js';
import { addToTrace, dampingOfTraces, type Lambda } from '../fisher/damping.js';
import type { EstimatedFisher } from '../fisher/estimate.js';
import { inverseGradient } from '../fisher/inverse-gradient.js';
import type { TensorSource } from '../formats/safetensors/writer.js';
import { groupModel } from '../groups/group-model.js';
import { countPruned, spreadMasks } from '../groups/spread-masks.js';
import { copyInPieces } from '../memory/pieces.js';
import { RunContext } from '../pool/run-context.js';
import type { PruneSettings } from '../prune-options.js';
import { PhaseClock } from '../report/progress.js';
import type { RunStatistics } from '../report/statistics.js';
import { StepHistory, sumOfChanges } from '../report/step-history.js';
import {
  conditionsOf,
  type FisherFigures,
  type GroupFigures,
  residualsOf,
  runStatistics,
} from '../report/summarise.js';
import { type Budgets, costsOf } from '../selection/budgets.js';
import { checkGoal } from '../selection/check-goal.js';
import { applyCutsTo, type Cut } from '../selection/cut.js';
import { findCuts } from '../selection/find-cuts.js';
import type { RankedLists, UnitPart } from '../selection/ranked-lists.js';
import { select } from '../selection/select.js';
import { totalsOf } from '../selection/units.js';
import { type ScoredStep, type StepInput, scoreStep, updateStep } from '../steps/pruning-step.js';
import { stepBudgets } from '../steps/step-budgets.js';
import type { PredictedLossChange } from '../updates/apply.js';
import { type StepSearch, searchAlong } from '../updates/search-step.js';
import { slabMeter } from './slab-memory.js';
import { type LoadedSlice, loadSlab, type SlabInput } from './slab-parameters.js';
import { largestOf, type SlabPlan } from './slab-plan.js';
import type { Pass, SlabRecord, SlabRecords } from './slab-records.js';
import { keepResults, resultTensors, scoreTensors, tensorsBetween } from './slab-results.js';
import { keepScores, keepWeightScores, listsOnDisk, slabParts } from './slab-scores.js';
import { keepState, makeState, restoreState, type SlabGradients } from './slab-state.js';
import { regionOf, type Slab } from './slice.js';

/** How far a run in slabs is. */
export interface SlabProgress {
  phase: Pass | 'select';
  done: number;
  total: number;
  unit: 'slabs' | 'passes';
}

/** A run in slabs. */
export interface SlabRun {
  plan: SlabPlan;
  settings: PruneSettings;
  engine: ChosenEngine;
  input: SlabInput;
  /** Absent: criterion magnitude alone. */
  gradients?: MatchedGradients;
  /** Tensors that are not pruned. */
  others: readonly { name: string; shape: readonly number[] }[];
  /** What was done before is not done again. */
  records: SlabRecords;
  /** Absent: there is one, and no loss. */
  step?: SlabStep;
  onProgress?: (progress: SlabProgress) => void;
}

/** A pruning step of several. */
export interface SlabStep {
  /** 0 … settings.steps − 1 */
  index: number;
  /** α of the step before; 0 at first. */
  stepBefore: number;
  /** Of the steps before; absent at the first. */
  history?: StepHistory;
  /** The model as it is before the step. */
  tensors: readonly PrunedTensor[];
  /** Loss on held-out data with tensors. */
  loss?: (tensors: readonly PrunedTensor[]) => Promise<number>;
}

/** What a run in slabs gives: tensors that are read from its folder when they are written. */
export interface SlabRunResult {
  tensors: PrunedTensor[];
  /** With the setting `scores`: the score of every weight. */
  scores?: TensorSource[];
  statistics: RunStatistics;
}

/** What a step in slabs has come to. */
export interface SlabStepResult extends Omit<SlabRunResult, 'statistics'> {
  /** α of its update; 0 where the gradient was left out. */
  step: number;
  /** With the step. */
  history: StepHistory;
  /** Those of the run. */
  statistics(): Promise<RunStatistics>;
}

/**
 * Prunes a model a slab at a time, with the results of prune() to the bit for the same batches: scores
 * of all slabs go to disk, one threshold is found over them, and then each slab is cut and updated.
 */
export async function pruneInSlabs(run: SlabRun): Promise<SlabRunResult> {
  return await withSlabContext(run, async (context) => {
    const clock = new PhaseClock(() => context.lease.peakBytes);
    const { tensors, scores, statistics } = await new SlabPasses(context, run, clock).prune();
    return { tensors, scores, statistics: await statistics() };
  });
}

/** Does work in slabs with the memory and the threads of a run. */
export async function withSlabContext<T>(
  { plan, settings, engine, input }: SlabRun,
  work: (context: RunContext) => Promise<T>,
): Promise<T> {
  const context = new RunContext(engine, settings.threads, {
    signal: input.signal,
    memory: arrayLimit(plan),
  });
  try {
    return await work(context);
  } finally {
    await context.dispose();
  }
}

/** Bytes of arrays in use at one time, with those that are kept for the next; scratch comes on top. */
function arrayLimit({ run, slabs, bytes }: SlabPlan): number {
  const needsOf = slabMeter(run);
  const scratch = largestOf(slabs, (slab) => needsOf(slab).scratch);
  const arrays = largestOf(slabs, (slab) => {
    const { shared, selection } = needsOf(slab);
    return Math.max(shared, selection);
  });
  return Math.max(bytes.memory - scratch, arrays);
}

/** The passes over the slabs that a pruning step takes. */
export class SlabPasses {
  readonly #context: RunContext;
  readonly #run: SlabRun;
  readonly #records: SlabRecords;
  readonly #clock: PhaseClock;
  #ahead: ReturnType<typeof readAhead> | undefined;

  constructor(context: RunContext, run: SlabRun, clock: PhaseClock) {
    this.#context = context;
    this.#run = run;
    this.#records = run.records;
    this.#clock = clock;
  }

  /** Brings the model into the folder of the run, as it is before the first step. */
  async start(): Promise<PrunedTensor[]> {
    await this.#pass('start', async (k) => {
      const loaded = await this.#load(k);
      const masks = loaded.map(({ parameter }) => parameter.mask);
      await keepResults(this.#context, this.#records, k, loaded, masks);
      return { prunedBefore: loaded.map(({ parameter }) => parameter.prunedBefore) };
    });
    const { plan } = this.#run;
    return resultTensors(plan.run.shapes, plan.slabs, this.#records);
  }

  async prune(): Promise<SlabStepResult> {
    try {
      return await this.#pruneStep();
    } finally {
      await this.#stopReadingAhead();
    }
  }

  async #pruneStep(): Promise<SlabStepResult> {
    const { plan, settings, gradients } = this.#run;
    const relative = typeof settings.damping === 'object' && gradients !== undefined;
    const sums = relative ? await this.#pass('sums', (k, before) => this.#sum(k, before)) : [];
    const damping = this.#damping(sums);
    const found =
      settings.pattern.kind === 'subsets'
        ? await this.#choose(damping, sums)
        : await this.#cutAndApply(damping, sums);
    const { parameters, applied, history, firstOrder, lossBefore } = found;
    const { shapes } = plan.run;
    const tensors = resultTensors(shapes, plan.slabs, this.#records);
    const measuredLoss =
      lossBefore === undefined
        ? undefined
        : { before: lossBefore, after: await this.#lossAfter(tensors, firstOrder?.search) };
    const pruned = this.#together(
      applied,
      (record) => record.pruned,
      (a, b) => a + b,
    );
    const makes = gradients !== undefined && plan.run.solver !== undefined;
    const changes = this.#final(applied, (record) => record.changes, NO_CHANGE);
    const { sparsity } = this.#budgets(parameters, history);
    history.add({
      ...{ pruned, firstOrder, measuredLoss, changes: makes ? changes : undefined },
      samples: gradients?.samples ?? null,
      sparsity: sparsity ?? null,
      blocks: parameters.reduce((sum, { blockCount }) => sum + blockCount, 0),
    });
    return {
      ...{ tensors, history, step: firstOrder?.step ?? 0 },
      scores: settings.scores ? scoreTensors(shapes, plan.slabs, this.#records) : undefined,
      statistics: () => this.#statistics(damping, found, pruned),
    };
  }

  /** Prunes by one threshold over all slabs. */
  async #cutAndApply(damping: Lambda, sums: readonly SlabRecord[]): Promise<Found> {
    const scored = await this.#pass('score', (k, before) =>
      this.#score(k, damping, before, sums[k]?.state),
    );
    const parameters = this.#parameters(scored);
    checkGoal(this.#run.settings.budgets, parameters);
    const history = this.#run.step?.history ?? new StepHistory(parameters);
    const ranked = this.#ranked(parameters, scored);
    const cuts = await this.#cuts(ranked, this.#budgets(parameters, history));
    const stateOf = (k: number) => sums[k]?.state ?? scored[k].state;
    const selected = { damping, ranked, cuts };
    const lossBefore = await this.#lossBefore(history);
    const firstOrder = await this.#firstOrder(selected, stateOf, lossBefore);
    const applied = await this.#pass('apply', (k, before) =>
      this.#apply(k, selected, before, stateOf(k), firstOrder?.step),
    );
    return { parameters, ranked, cuts, scored, applied, history, firstOrder, lossBefore };
  }

  /** Prunes by pattern n:m, which takes each slab by itself. */
  async #choose(damping: Lambda, sums: readonly SlabRecord[]): Promise<Found> {
    const applied = await this.#pass('apply', (k, before) =>
      this.#chooseIn(k, damping, before, sums[k]?.state),
    );
    const parameters = this.#parameters(applied);
    const history = this.#run.step?.history ?? new StepHistory(parameters);
    const ranked = this.#ranked(parameters, applied);
    const lossBefore = await this.#lossBefore(history);
    const { firstOrder } = this.#run.settings;
    return {
      ...{ parameters, ranked, scored: applied, applied, history, lossBefore },
      firstOrder: firstOrder && 'step' in firstOrder ? firstOrder : undefined,
    };
  }

  /** How much is pruned when the step is done. */
  #budgets(parameters: readonly PrunedShape[], { prunedBefore }: StepHistory): Budgets {
    const { settings, step } = this.#run;
    const begun = parameters.map((one, i) => ({ ...one, prunedBefore: prunedBefore[i] }));
    const all = stepBudgets(settings.schedule, settings.steps, settings.budgets, begun);
    return all[step?.index ?? 0];
  }

  /** The loss before the step; undefined where none is measured. */
  async #lossBefore({ lossNow }: StepHistory): Promise<number | undefined> {
    const { settings, step } = this.#run;
    if (step?.loss === undefined) return undefined;
    const { firstOrder } = settings;
    if (lossNow !== undefined && !(firstOrder && 'search' in firstOrder)) return lossNow;
    return await this.#measure('measure', step.tensors);
  }

  async #lossAfter(
    tensors: readonly PrunedTensor[],
    search: StepSearch | undefined,
  ): Promise<number> {
    return search?.lossAfter ?? (await this.#measure('measure', tensors));
  }

  async #measure(phase: 'measure' | 'search', tensors: readonly PrunedTensor[]): Promise<number> {
    const { loss } = this.#run.step ?? {};
    if (loss === undefined) throw new Error('a loss is wanted, but there is none');
    return await this.#clock.time(phase, () => loss(tensors));
  }

  /** α of the update, found by a search along the line between α = 0 and α = 1 where it is not given. */
  async #firstOrder(
    selected: Selected,
    stateOf: (k: number) => SlabRecord['state'],
    lossBefore: number | undefined,
  ): Promise<{ step: number; search?: StepSearch } | undefined> {
    const { plan, settings, step } = this.#run;
    const { firstOrder } = settings;
    if (firstOrder === undefined || 'step' in firstOrder) return firstOrder;
    await this.#pass('search', (k) => this.#ends(k, selected, stateOf(k)));
    const [zero, one] = (['zero', 'one'] as const).map((what) =>
      resultTensors(plan.run.shapes, plan.slabs, this.#records, what),
    );
    const search = await searchAlong(lossBefore ?? Number.NaN, step?.stepBefore ?? 0, (alpha) =>
      this.#measure('search', tensorsBetween(zero, one, alpha)),
    );
    return { step: search.step, search };
  }

  /** Writes what becomes of a slab with α = 0, and with α = 1. */
  async #ends(k: number, selected: Selected, saved: SlabRecord['state']): Promise<SlabRecord> {
    const { loaded, masks, fisher, h } = await this.#ready(k, selected, saved);
    for (const [what, alpha] of [
      ['zero', 0],
      ['one', 1],
    ] as const) {
      const giveBack = this.#context.lease.mark();
      const copies: LoadedSlice[] = [];
      for (const one of loaded) {
        const weights = this.#context.lease.float32(one.parameter.size);
        await copyInPieces(one.parameter.weights, weights);
        copies.push({ ...one, parameter: { ...one.parameter, weights } });
      }
      await this.#update(this.#step(copies, fisher), masks, h, alpha);
      await keepResults(this.#context, this.#records, k, copies, masks, what);
      giveBack();
    }
    return { prunedBefore: loaded.map(({ parameter }) => parameter.prunedBefore) };
  }

  /** A slab with all that its update takes. */
  async #ready(k: number, { damping, ranked, cuts }: Selected, saved: SlabRecord['state']) {
    const { settings } = this.#run;
    const loaded = await this.#load(k);
    const { masks, pruned } = await this.#masks(k, loaded, ranked, cuts);
    const fisher = await this.#fisher(k, loaded, saved, damping);
    const h =
      settings.firstOrder === undefined || fisher === undefined
        ? undefined
        : await inverseGradient(this.#context, fisher.state, fisher.damping);
    return { loaded, masks, pruned, fisher, h };
  }

  async #update(
    input: StepInput,
    masks: readonly Uint8Array[],
    h: readonly Float64Array[] | undefined,
    step: number | undefined,
  ): Promise<PredictedLossChange[] | undefined> {
    const settings = {
      ...this.#run.settings,
      firstOrder: step === undefined ? undefined : { step },
    };
    const { changes } = await updateStep(this.#context, settings, this.#clock, input, masks, h);
    return changes;
  }

  /** λ; a relative one follows from the sums of all slabs. */
  #damping(sums: readonly SlabRecord[]): Lambda {
    const { damping } = this.#run.settings;
    if (typeof damping === 'number') return damping;
    if (sums.length === 0) return 1;
    return dampingOfTraces(this.#parameters(sums), this.#tracesOf(sums), damping);
  }

  /** Works on each slab that has no record of the pass. */
  async #pass(
    pass: Pass,
    work: (slab: number, before: readonly SlabRecord[]) => Promise<SlabRecord>,
  ): Promise<SlabRecord[]> {
    const { plan, onProgress } = this.#run;
    const total = plan.slabs.length;
    const all = await this.#recorded(pass);
    onProgress?.({ phase: pass, done: all.length, total, unit: 'slabs' });
    while (all.length < total) {
      const k = all.length;
      const giveBack = this.#context.lease.mark();
      try {
        const record = await work(k, all);
        await this.#records.set(pass, k, record);
        all.push(record);
      } catch (error) {
        throw inTensor(error, plan.slabs[k]);
      } finally {
        giveBack();
      }
      onProgress?.({ phase: pass, done: all.length, total, unit: 'slabs' });
    }
    return all;
  }

  /** The records of the first slabs, as many as there are. */
  async #recorded(pass: Pass): Promise<SlabRecord[]> {
    const all: SlabRecord[] = [];
    while (all.length < this.#run.plan.slabs.length) {
      const record = await this.#records.get(pass, all.length);
      if (record === undefined) break;
      all.push(record);
    }
    return all;
  }

  async #sum(k: number, before: readonly SlabRecord[]): Promise<SlabRecord> {
    const loaded = await this.#load(k);
    const fisher = await this.#fisher(k, loaded, undefined, 1);
    const { keepsState } = this.#run.plan;
    return {
      prunedBefore: loaded.map(({ parameter }) => parameter.prunedBefore),
      traces: await this.#traces(k, fisher, before),
      ...(fisher !== undefined &&
        keepsState && { state: await keepState(this.#records, k, fisher.state) }),
    };
  }

  async #score(
    k: number,
    damping: Lambda,
    before: readonly SlabRecord[],
    saved: SlabRecord['state'],
  ): Promise<SlabRecord> {
    const loaded = await this.#load(k);
    const fisher = await this.#fisher(k, loaded, saved, damping);
    const step = this.#step(loaded, fisher);
    const { settings, plan } = this.#run;
    const scored = await scoreStep(this.#context, settings, this.#clock, step);
    if (settings.scores) {
      await keepWeightScores(this.#context, this.#records, k, scored.ranking);
    }
    const keeps = fisher !== undefined && plan.keepsState && saved === undefined;
    return {
      ...(await this.#scoredRecord(k, loaded, fisher, scored, before)),
      ...(keeps && { state: await keepState(this.#records, k, fisher.state) }),
    };
  }

  /** Keeps the scores of a slab, and tells what was found on the way to them. */
  async #scoredRecord(
    k: number,
    loaded: readonly LoadedSlice[],
    fisher: EstimatedFisher | undefined,
    { inverse, ranking: { units, groups } }: ScoredStep,
    before: readonly SlabRecord[],
  ): Promise<SlabRecord> {
    await keepScores(this.#context, this.#records, k, units, groups !== undefined);
    return {
      prunedBefore: loaded.map(({ parameter }) => parameter.prunedBefore),
      dense: groups?.dense,
      traces: await this.#traces(k, fisher, before),
      conditions: conditionsOf(inverse),
      residuals: residualsOf(inverse),
    };
  }

  /** Pattern n:m: scores, chooses and updates. */
  async #chooseIn(
    k: number,
    damping: Lambda,
    before: readonly SlabRecord[],
    saved: SlabRecord['state'],
  ): Promise<SlabRecord> {
    const { settings } = this.#run;
    const [context, clock] = [this.#context, this.#clock];
    const loaded = await this.#load(k);
    const fisher = await this.#fisher(k, loaded, saved, damping);
    const step = this.#updating(k, loaded, fisher, before);
    const scored = await scoreStep(context, settings, clock, step);
    const { masks, pruned } = await clock.time('select', () => select(context, scored.ranking));
    const record = await this.#scoredRecord(k, loaded, fisher, scored, before);
    const { changes } = await updateStep(context, settings, clock, step, masks, scored.h);
    await keepResults(context, this.#records, k, loaded, masks);
    return { ...record, pruned, changes };
  }

  async #apply(
    k: number,
    selected: Selected,
    before: readonly SlabRecord[],
    saved: SlabRecord['state'],
    step: number | undefined,
  ): Promise<SlabRecord> {
    const { loaded, masks, pruned, fisher, h } = await this.#ready(k, selected, saved);
    const input = this.#updating(k, loaded, fisher, before);
    const changes = await this.#update(input, masks, h, step);
    await keepResults(this.#context, this.#records, k, loaded, masks);
    const prunedBefore = loaded.map(({ parameter }) => parameter.prunedBefore);
    return { prunedBefore, pruned, changes };
  }

  /** What is kept of a slab, by the cuts. */
  async #masks(
    k: number,
    loaded: readonly LoadedSlice[],
    { lists }: RankedLists,
    cuts: readonly Cut[],
  ): Promise<{ masks: Uint8Array[]; pruned: number[] }> {
    const { lease } = this.#context;
    const masks = loaded.map(({ parameter }) => lease.uint8(parameter.size));
    const giveBack = lease.mark();
    const slab = this.#run.plan.slabs[k];
    const path = this.#records.path('scores', k);
    const parts = await slabParts(this.#context, slab, path, lists, this.#costs);
    const found = await this.#cutParts(loaded, parts, cuts);
    for (const [i, mask] of found.masks.entries()) await copyInPieces(mask, masks[i]);
    giveBack();
    return { masks, pruned: found.pruned };
  }

  /** Masks of weights, from the cuts of what was ranked. */
  async #cutParts(
    loaded: readonly LoadedSlice[],
    parts: readonly UnitPart[],
    cuts: readonly Cut[],
  ): Promise<{ masks: Uint8Array[]; pruned: number[] }> {
    const { pattern } = this.#run.settings;
    const found = await applyCutsTo(this.#context, parts, cuts);
    if (pattern.kind === 'unstructured') return found;
    const parameters = loaded.map(({ parameter }) => parameter);
    const model = await groupModel(this.#context.lease, parameters, pattern);
    const masks = await spreadMasks(this.#context, parameters, model, found.masks);
    return { masks, pruned: await countPruned(parameters, masks) };
  }

  async #load(k: number): Promise<LoadedSlice[]> {
    const { plan, input } = this.#run;
    return await this.#clock.time('read', () => loadSlab(this.#context, plan.slabs[k], k, input));
  }

  /** The Fisher of a slab, out of its file where there is one, with the λ of its parameters. */
  async #fisher(
    k: number,
    loaded: readonly LoadedSlice[],
    saved: SlabRecord['state'],
    damping: Lambda,
  ): Promise<EstimatedFisher | undefined> {
    const { plan, settings, gradients, input } = this.#run;
    const { solver } = plan.run;
    if (gradients === undefined || solver === undefined) return undefined;
    const from: SlabGradients = {
      ...{ files: gradients, solver, gradientBatch: plan.gradientBatch, signal: input.signal },
    };
    const path = this.#records.path('state', k);
    const fisher =
      saved === undefined
        ? await makeState(this.#context, loaded, from, settings, this.#clock)
        : await this.#clock.time('read', () =>
            restoreState(this.#context, loaded, path, saved, settings, solver),
          );
    if (saved === undefined) await this.#readAhead(k + 1);
    const lambda =
      typeof damping === 'number' ? damping : loaded.map(({ slice }) => damping[slice.index]);
    return { ...fisher, damping: lambda };
  }

  /** Has what a slab needs first read while the one before is in work. */
  async #readAhead(k: number): Promise<void> {
    const { plan, gradients } = this.#run;
    await this.#stopReadingAhead();
    if (gradients === undefined || k === plan.slabs.length) return;
    const columns = plan.slabs[k].map((slice) => ({
      name: slice.shape.name,
      region: regionOf(slice),
    }));
    const samples = Math.min(gradients.samples, 2 * plan.gradientBatch);
    this.#ahead = readAhead(gradients, columns, samples);
  }

  async #stopReadingAhead(): Promise<void> {
    this.#ahead?.stop();
    await this.#ahead?.ended;
    this.#ahead = undefined;
  }

  #step(loaded: readonly LoadedSlice[], fisher: EstimatedFisher | undefined): StepInput {
    const parameters = loaded.map(({ parameter }) => parameter);
    return {
      all: [],
      parameters,
      fisher,
      budgets: this.#run.settings.budgets,
      stepBefore: this.#run.step?.stepBefore ?? 0,
      last: true,
    };
  }

  /** The same with what the update of the slabs before has changed. */
  #updating(
    k: number,
    loaded: readonly LoadedSlice[],
    fisher: EstimatedFisher | undefined,
    before: readonly SlabRecord[],
  ): StepInput {
    const changesBefore = this.#last(k, before, ({ changes }) => changes, NO_CHANGE);
    return { ...this.#step(loaded, fisher), changesBefore };
  }

  async #traces(
    k: number,
    fisher: EstimatedFisher | undefined,
    before: readonly SlabRecord[],
  ): Promise<number[] | undefined> {
    if (fisher === undefined) return undefined;
    const sums = this.#last(k, before, ({ traces }) => traces, 0);
    return await Promise.all(sums.map((sum, i) => addToTrace(fisher.state, i, sum)));
  }

  /** What the slabs before have come to, for each parameter of slab k. */
  #last<T>(
    k: number,
    before: readonly SlabRecord[],
    of: (record: SlabRecord) => readonly T[] | undefined,
    none: T,
  ): T[] {
    const { slabs } = this.#run.plan;
    return slabs[k].map(({ index }) => {
      for (let j = Math.min(before.length, k) - 1; j >= 0; j--) {
        const at = slabs[j].findIndex((slice) => slice.index === index);
        if (at !== -1) return of(before[j])?.[at] ?? none;
      }
      return none;
    });
  }

  /** By parameter: the value of the last slab that has blocks of it. */
  #final<T>(
    all: readonly SlabRecord[],
    of: (record: SlabRecord) => readonly T[] | undefined,
    none: T,
  ): T[] {
    const { slabs, run } = this.#run.plan;
    const values = run.shapes.map(() => none);
    for (const [k, slab] of slabs.entries()) {
      for (const [i, { index }] of slab.entries()) values[index] = of(all[k])?.[i] ?? none;
    }
    return values;
  }

  /** By parameter: values of its slices together. */
  #together(
    all: readonly SlabRecord[],
    of: (record: SlabRecord) => readonly number[] | undefined,
    add: (a: number, b: number) => number,
  ): number[] {
    const { slabs, run } = this.#run.plan;
    const values = run.shapes.map(() => 0);
    for (const [k, slab] of slabs.entries()) {
      for (const [i, { index }] of slab.entries()) {
        values[index] = add(values[index], of(all[k])?.[i] ?? 0);
      }
    }
    return values;
  }

  /** Largest residual of each parameter; null where a slab has none. */
  #residuals(scored: readonly SlabRecord[]): (number | null)[] {
    const { slabs, run } = this.#run.plan;
    const values = run.shapes.map((): number | null => 0);
    for (const [k, slab] of slabs.entries()) {
      for (const [i, { index }] of slab.entries()) {
        const [one, other] = [values[index], scored[k].residuals?.[i] ?? null];
        values[index] = one === null || other === null ? null : Math.max(one, other);
      }
    }
    return values;
  }

  /** The parameters with what was pruned before. */
  #parameters(records: readonly SlabRecord[]): PrunedShape[] {
    const pruned = this.#together(
      records,
      ({ prunedBefore }) => prunedBefore,
      (a, b) => a + b,
    );
    return this.#run.plan.run.shapes.map((shape, i) => ({ ...shape, prunedBefore: pruned[i] }));
  }

  /** By parameter: weights still there that are in no group. */
  #dense(scored: readonly SlabRecord[]): number[] {
    return this.#together(
      scored,
      ({ dense }) => dense,
      (a, b) => a + b,
    );
  }

  #tracesOf(records: readonly SlabRecord[]): number[] {
    const { settings, gradients } = this.#run;
    const divisor = (gradients?.samples ?? 1) / settings.form.scale;
    return this.#final(records, ({ traces }) => traces, 0).map((sum) => sum / divisor);
  }

  get #costs(): number[] {
    const { settings, plan } = this.#run;
    return costsOf(settings.budgets, plan.run.shapes);
  }

  #ranked(parameters: readonly PrunedShape[], scored: readonly SlabRecord[]): RankedLists {
    const costs = this.#costs;
    const dense = this.#dense(scored);
    const lists = parameters.map((parameter, i) => ({
      name: parameter.name,
      totals: totalsOf([parameter], [costs[i]], [dense[i]]),
    }));
    return listsOnDisk(this.#context, this.#run.plan.slabs, this.#records, lists, costs);
  }

  /** No group lies in two blocks, so that none has a sum for its score. */
  #groups(scored: readonly SlabRecord[]): GroupFigures {
    const { shapes } = this.#run.plan.run;
    return {
      dense: this.#dense(scored),
      summed: shapes.map(() => false),
      listOf: (index) => index,
    };
  }

  async #cuts(ranked: RankedLists, budgets: Budgets): Promise<Cut[]> {
    const saved = await this.#records.read<SavedCut[]>('cuts');
    if (saved !== undefined)
      return saved.map(([score, tie]) => ({ score: Number(score), lastTie: tie }));
    this.#run.onProgress?.({ phase: 'select', done: 0, total: 1, unit: 'passes' });
    const cuts = await this.#clock.time('select', () => findCuts(this.#context, ranked, budgets));
    const words = cuts.map(({ score, lastTie }): SavedCut => [`${score}`, lastTie]);
    await this.#records.write('cuts', words);
    return cuts;
  }

  async #statistics(
    damping: Lambda,
    { parameters, ranked, cuts, scored, history }: Found,
    pruned: readonly number[],
  ): Promise<RunStatistics> {
    const { plan, settings, gradients, others } = this.#run;
    const { solver } = plan.run;
    const makes = gradients !== undefined && solver !== undefined;
    const fisher: FisherFigures | undefined = makes
      ? {
          ...{ samples: gradients.samples, form: settings.form, solver, damping },
          traces: this.#tracesOf(scored),
          longest: Math.max(...parameters.map(({ blockOrder }) => blockOrder)),
        }
      : undefined;
    const inverts = scored.some(({ conditions }) => conditions !== undefined);
    return await runStatistics(this.#context, {
      ...{ settings, parameters, fisher, cuts, pruned, history },
      all: [...parameters, ...others],
      conditions: inverts
        ? this.#together(scored, ({ conditions }) => conditions, Math.max)
        : undefined,
      residuals: inverts ? this.#residuals(scored) : undefined,
      units: ranked,
      groups: settings.pattern.kind === 'unstructured' ? undefined : this.#groups(scored),
      dampingSweep: undefined,
      phases: this.#clock.compared(undefined),
    });
  }
}

/** What all slabs are cut by. */
interface Selected {
  damping: Lambda;
  ranked: RankedLists;
  cuts: readonly Cut[];
}

/** What the passes of a step have found. */
interface Found {
  parameters: readonly PrunedShape[];
  ranked: RankedLists;
  /** Absent for pattern n:m. */
  cuts?: readonly Cut[];
  /** Records of the pass that has scored. */
  scored: readonly SlabRecord[];
  /** Records of the pass that has updated; the same for pattern n:m. */
  applied: readonly SlabRecord[];
  /** Without the step. */
  history: StepHistory;
  /** α of the update; absent where the gradient was left out. */
  firstOrder?: { step: number; search?: StepSearch };
  lossBefore?: number;
}

type PrunedShape = BlockShape & { prunedBefore: number };

/** The score in words: JSON has no infinity. */
type SavedCut = [score: string, lastTie: number];

const NO_CHANGE: PredictedLossChange = sumOfChanges([]);

/** An error about a slice as one about its tensor: with the index and the block as they are there. */
function inTensor(error: unknown, slab: Slab): unknown {
  if (!(error instanceof WoodFisherError)) return error;
  const { code, message, details, cause } = error;
  const slice = slab.find(({ shape }) => shape.name === details.parameter);
  if (slice === undefined) return error;
  const { block, index } = details;
  if (code === 'ERR_WOODFISHER_NOT_POSITIVE_DEFINITE' && block !== undefined) {
    const whole = block + slice.fromBlock;
    const words = message.replace(`block ${block} `, `block ${whole} `);
    return new WoodFisherError(code, words, { ...details, block: whole }, { cause });
  }
  if (code === 'ERR_WOODFISHER_NONFINITE' && index !== undefined && /^gradient /.test(message)) {
    const whole = flatIndex(regionOf(slice), index);
    const words = message.replace(`gradient ${index} `, `gradient ${whole} `);
    return new WoodFisherError(code, words, { ...details, index: whole }, { cause });
  }
  return error;
}
