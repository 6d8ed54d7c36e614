import { median } from './median.js';
import { largestError, type ReferenceBlock } from './reference.js';
import { timed, withoutGarbage } from './stopwatch.js';
import type { Workload } from './workload.js';

/** Seconds of one run. */
export interface RunTimes {
  /** Taking the samples in. */
  sum: number;
  /** From the sums to D. */
  invert: number;
}

/** Something that computes D of a workload. */
export interface Contender {
  /** Computes everything anew. */
  run(): Promise<RunTimes>;
  /** D of the last run, for all of the contender's weights. */
  diagonal(): ArrayLike<number>;
  /** How many threads the last run was on. */
  threads(): number;
  /** What it was made with, where that is not this package's choice. */
  library?(): string;
  dispose?(): Promise<void>;
}

/** How to get a contender, and how exact it has to be. */
export interface ContenderKind<C extends Contender = Contender> {
  name: string;
  /** What runs, in words. */
  title: string;
  /** Largest relative error of D that its arithmetic allows. */
  tolerance: number;
  /** Why it cannot run here; undefined where it can. */
  unavailable?(): Promise<string | undefined>;
  start(workload: Workload): Promise<C>;
}

/** What measuring a contender gives. */
export interface Measured extends RunTimes {
  /** Runs that the medians are over. */
  runs: number;
  /** Largest relative error of D. */
  error: number;
  threads: number;
  library?: string;
}

/** Seconds after which a contender is not run again. */
const BUDGET = 20;

/**
 * Runs a contender once, checks its D, and only then times it: medians over `runs` runs, or over as
 * many as begin within 20 s. Where the run that is checked takes longer than that, it counts itself.
 *
 * @throws {Error} when the largest relative error of D is above the kind's tolerance.
 */
export async function measure(
  kind: ContenderKind,
  workload: Workload,
  { runs, reference }: { runs: number; reference: readonly ReferenceBlock[] },
): Promise<Measured> {
  const contender = await kind.start(workload);
  try {
    const first = await timed(() => withoutGarbage(() => contender.run()));
    const error = largestError(contender.diagonal(), reference);
    checkError(kind, error);
    const times: RunTimes[] = [];
    if (first.seconds > BUDGET) {
      times.push(first.result);
    } else {
      const end = performance.now() + 1000 * BUDGET;
      while (times.length < runs && (times.length === 0 || performance.now() < end)) {
        times.push(await withoutGarbage(() => contender.run()));
      }
    }
    return {
      sum: median(times.map(({ sum }) => sum)),
      invert: median(times.map(({ invert }) => invert)),
      runs: times.length,
      error,
      threads: contender.threads(),
      library: contender.library?.(),
    };
  } finally {
    await contender.dispose?.();
  }
}

/** @throws {Error} when an error of D is above what the kind's arithmetic allows. */
export function checkError(
  { name, tolerance }: Pick<ContenderKind, 'name' | 'tolerance'>,
  error: number,
): void {
  if (error <= tolerance) return;
  throw new Error(
    `${name} is wrong: the relative error of D must be at most ${tolerance}, but is ${error.toExponential(1)}`,
  );
}
