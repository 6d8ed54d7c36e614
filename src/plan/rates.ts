import { blockParameters } from '../blocks/block-parameters.js';
import type { ChosenEngine, EngineName } from '../engine/engine.js';
import type { SolverName } from '../engine/kernels.js';
import { FisherState } from '../fisher/fisher-state.js';
import { invertBlocks } from '../fisher/invert.js';
import { RunContext } from '../pool/run-context.js';
import { defaultThreads } from '../pool/threads.js';
import { accumulateFlops, invertFlops, updateFlops } from '../solvers/flops.js';
import { applyUpdate } from '../updates/apply.js';
import { isKfac, type RunPlan, USUAL_BATCH } from './run-settings.js';
import { workOf } from './work.js';

/** How fast this machine is at a run's work, all threads together; all per second. */
export interface Rates {
  /** Flops of each phase, as {@link workOf} counts them. */
  accumulate: number;
  invert: number;
  update: number;
  /** Values that are copied onto shared memory the first time, and when its pages are there. */
  copyFresh: number;
  copy: number;
  /** Values that are checked to be finite. */
  check: number;
}

/** What is run to measure, in each of some threads. */
interface Sample {
  solver: SolverName;
  order: number;
  samples: number;
  count: number;
  blocks: number;
  removed: number;
}

/** Work of a task, in flops: 1 to 5 ms. */
const TASK_FLOPS: Readonly<Record<EngineName, number>> = { native: 2e7, javascript: 3e6 };

/** Larger blocks would take too long; their rate is about the same. */
const LARGEST_ORDER: Readonly<Record<EngineName, number>> = { native: 384, javascript: 96 };

/** Blocks up to this order are inverted so many at a time; of 224 weights as many are still one task. */
const LARGEST_TOGETHER = 256;
const MEASURED_TOGETHER = 224;
const BLOCKS_TOGETHER = 8;

/** Values of a batch at most: 2 MB. */
const MOST_VALUES = 1 << 19;

/** Tasks that run at a time at most; more threads are taken to be as fast as these. */
const MOST_TASKS = 8;

const measured = new Map<string, Promise<Rates>>();

/**
 * Measures a run's kernels at its block size (up to 384) on small synthetic blocks, in the threads
 * of the pool: a few ms of work, once per process, engine and kind of run. What it gives is good for
 * telling times beforehand, and decides nothing.
 */
export function measureRates(engine: ChosenEngine, plan: RunPlan): Promise<Rates> {
  const sample = sampleOf(engine.name, plan);
  const workers = Math.min(plan.threads, defaultThreads());
  const key = JSON.stringify([engine, workers, sample, plan.update]);
  const known = measured.get(key);
  if (known !== undefined) return known;
  const rates = measure(engine, plan, sample, workers);
  measured.set(key, rates);
  rates.catch(() => measured.delete(key));
  return rates;
}

/** Samples that are assumed where their number is not known. */
const USUAL_SAMPLES = 256;

/** Whether a run takes much longer than measuring for it would. */
export function isWorthMeasuring(engine: ChosenEngine, plan: RunPlan): boolean {
  if (isKfac(plan)) return false; // its sums and inverses are not those that are measured
  const { accumulate, invert, score, update } = workOf(plan, plan.samples ?? USUAL_SAMPLES);
  return accumulate + invert + score + update > 50 * TASK_FLOPS[engine.name];
}

function sampleOf(engine: EngineName, plan: RunPlan): Sample {
  const { shapes, solver, samples, gradientBatch, sparsity, update } = plan;
  const longest = Math.max(...shapes.map(({ blockOrder }) => blockOrder));
  const together = longest <= LARGEST_TOGETHER;
  const order = Math.min(longest, LARGEST_ORDER[engine], together ? MEASURED_TOGETHER : longest);
  const name = solver?.name ?? 'gram';
  const batch = Math.min(gradientBatch ?? USUAL_BATCH, samples ?? USUAL_BATCH, USUAL_BATCH);
  // dual's work depends on N beside B.
  const rows =
    name === 'dual' ? Math.max(1, Math.round(((samples ?? 1) * order) / longest)) : batch;
  const count = name === 'dual' ? rows : batch;
  const removed = Math.round(20 * sparsity) / 20;
  const work = [
    count * accumulateFlops(name, order),
    invertFlops(name, order, rows),
    updateFlops(name, update, order, rows, removed),
  ];
  const wanted = Math.min(
    TASK_FLOPS[engine] / Math.min(...work),
    (4 * TASK_FLOPS[engine]) / Math.max(...work),
  );
  const step = together ? BLOCKS_TOGETHER : 1;
  const most = Math.min(wanted, MOST_VALUES / (count * order));
  const blocks = step * Math.max(1, Math.floor(most / step));
  return { solver: name, order, samples: rows, count, blocks, removed };
}

async function measure(
  engine: ChosenEngine,
  { update }: RunPlan,
  sample: Sample,
  workers: number,
): Promise<Rates> {
  const { solver, order, samples, count, blocks, removed } = sample;
  const tasks = Math.min(workers, MOST_TASKS);
  const context = new RunContext(engine, tasks);
  try {
    const small = { ...sample, order: Math.min(order, 8), blocks: 1 };
    const values = noise(context.lease.float32(count * blocks * order));
    const runs = (one: Sample) => times(tasks, () => miniature(context, one, values));
    // Once to start the threads and have the kernels compiled, then to see what a task costs to send.
    await timed(await runs(small));
    const sending = await timed(await runs(small));
    // The better of two, and by then javascript is compiled.
    const seconds = fastest(await timed(await runs(sample)), await timed(await runs(sample)));

    const all = workers * blocks;
    const rate = (work: number, phase: keyof typeof seconds): number => {
      const net = Math.max(seconds[phase] - sending[phase], seconds[phase] / 4);
      return (all * work) / net;
    };
    return {
      accumulate: rate(count * accumulateFlops(solver, order), 'accumulate'),
      invert: rate(invertFlops(solver, order, samples), 'invert'),
      update: rate(updateFlops(solver, update, order, samples, removed), 'update'),
      check: rate(count * order, 'check'),
      ...copyRates(context),
    };
  } finally {
    await context.dispose();
  }

  /** Runs each phase in all threads at a time. */
  async function timed(runs: readonly Miniature[]) {
    const phase = async (work: (run: Miniature) => Promise<unknown>): Promise<number> => {
      const start = performance.now();
      await Promise.all(runs.map(work));
      return (performance.now() - start) / 1000;
    };
    const check = await phase((run) => run.check());
    const accumulate = await phase((run) => run.accumulate());
    const invert = await phase((run) => run.invert());
    const updated = await phase((run) => run.update(update));
    return { check, accumulate, invert, update: updated };
  }
}

/** Each phase where it took less time. */
function fastest<K extends string>(a: Record<K, number>, b: Record<K, number>): Record<K, number> {
  const phases = Object.keys(a) as K[];
  return Object.fromEntries(phases.map((phase) => [phase, Math.min(a[phase], b[phase])])) as Record<
    K,
    number
  >;
}

/** A run of one parameter that is small enough to be one task. */
type Miniature = Awaited<ReturnType<typeof miniature>>;

async function miniature(
  context: RunContext,
  { solver, order, samples, count, blocks, removed }: Sample,
  noisy: Float32Array,
) {
  const { lease } = context;
  const data = noisy.slice(0, blocks * order);
  const parameters = await blockParameters(
    [{ name: 'measured', shape: [blocks, order], data }],
    { blockSize: order },
    lease,
  );
  const state = await FisherState.create(context, solver, parameters, { samples, damping: 1 });
  const values = noisy.subarray(0, count * blocks * order);
  const weights = parameters.map((parameter) => parameter.weights);
  const masks = parameters.map(({ size }) => lease.uint8(size));
  for (const mask of masks) {
    for (let c = 0; c < mask.length; c++) mask[c] = Number((c * 0.618) % 1 >= removed);
  }
  const { control } = context;
  return {
    check: () => {
      const job = { values, begin: 0, end: values.length, control };
      return context.run('findNonFinite', [[{ parameter: 'measured', job }]]);
    },
    accumulate: () => {
      state.admit(count);
      return state.add({ count, gradients: [{ gradients: values }] });
    },
    invert: () => invertBlocks(context, state, 1),
    update: (rule: RunPlan['update']) => applyUpdate(context, state, rule, 1, weights, masks),
  };
}

/** Copies a batch of 1 MB onto shared memory twice, as batches are. */
function copyRates({ lease }: RunContext): Pick<Rates, 'copyFresh' | 'copy'> {
  const from = noise(new Float32Array(1 << 18));
  const to = lease.float32(from.length);
  const rate = (): number => {
    const start = performance.now();
    to.set(from);
    return (1000 * from.length) / Math.max(performance.now() - start, 0.01);
  };
  return { copyFresh: rate(), copy: rate() };
}

/** Values in (−1, 1), the same ones each time. */
function noise<A extends Float32Array>(array: A): A {
  let state = 1;
  for (let i = 0; i < array.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    array[i] = state / 2 ** 31;
  }
  return array;
}

async function times<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let i = 0; i < count; i++) made.push(await make());
  return made;
}
