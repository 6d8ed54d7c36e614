import type { Machine } from './machine.js';

/** A rival in a case. */
export interface RivalResult {
  name: string;
  /** From the samples to the result, scaled up where `scaledFrom` is there. */
  seconds: number;
  /** Weights that were run, where they are fewer than the case has. */
  scaledFrom?: number;
  threads: number;
  /** What it was made with, where that differs from machine to machine. */
  library?: string;
  runs: number;
  /** Largest relative error of D. */
  error: number;
}

/** A figure that is wanted, and what was reached. */
export interface FigureResult {
  title: string;
  /** In words: ≥ 45 %. */
  wanted: string;
  /** null where it was not measured. */
  reached: number | null;
  /** In words. */
  reachedText: string;
  /** null where it was not measured, or at sizes the figure is not meant for. */
  ok: boolean | null;
}

/** What a case gave. */
export interface CaseResult {
  name: string;
  title: string;
  /** Median of what the case is about. */
  seconds: number;
  /** Median from the samples to the result, which ratios compare. */
  totalSeconds: number;
  /** Useful flops of `seconds`, in 1e9 a second. */
  gflops: number;
  /** Of the larger of the float64 peaks measured right before and after, at as many threads. */
  fractionOfPeak: number;
  /** Bytes that must move, by `seconds`. */
  bytesPerSecond: number;
  /** Most memory that the process held. */
  peakBytes: number;
  /** State, two batches and 150 MB. */
  peakBytesLimit: number;
  /** Largest relative error of D against the dense float64 inverse. */
  error: number;
  /** Time of each rival by ours. */
  ratios: Record<string, number>;
  runs: number;
  threads: number;
  values: Record<string, number>;
  rivals: RivalResult[];
  /** Rivals that could not run, and why. */
  skipped: Record<string, string>;
  figures: FigureResult[];
}

/** A case, or a rival in one, that gave a wrong result or none. */
export interface Failure {
  case: string;
  contender: string;
  message: string;
}

/** The whole benchmark, as `--json` writes it. */
export interface BenchResult {
  machine: Machine;
  quick: boolean;
  cases: CaseResult[];
  failures: Failure[];
}
