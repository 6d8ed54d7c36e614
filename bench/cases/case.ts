/** How a case is run. */
export interface CaseOptions {
  /** Sizes of a second or two, for the tests of the benchmark itself. */
  quick: boolean;
  /** Runs that medians are over. */
  runs: number;
  /** An empty folder that is removed after the case. */
  folder: string;
}

/** What a case must do, whoever does it. */
export interface Work {
  /** Useful flops of what `seconds` times. */
  flops: number;
  /** Bytes that this must read from and write to memory at least. */
  bytes: number;
  /** State and two batches: what may be resident beside a fixed allowance. */
  residentBytes: number;
}

/** What measuring a contender gives, as JSON. */
export interface Measurement {
  /** Median of what the case is about. */
  seconds: number;
  /** Median from the samples to the result; what ratios compare. */
  total: number;
  runs: number;
  /** Largest relative error of D against the dense float64 inverse. */
  error: number;
  threads: number;
  /** What the contender was made with, where that differs from machine to machine. */
  library?: string;
  /** Weights that were run, where they are fewer than the case has; both times are scaled up by blocks. */
  scaledFrom?: number;
  /** More figures, by name. */
  values?: Record<string, number>;
}

/** The contender that the fraction of the peak, the memory and the error of a case are about. */
export const OWN = 'native';

/**
 * One case of the benchmark. `prepare` and every `measure` run in processes of their own, so what
 * `prepare` gives passes through JSON.
 */
export interface BenchCase<Prepared = unknown> {
  name: string;
  /** What is done, and the sizes. */
  title(options: CaseOptions): string;
  /** Names of what {@link OWN} is compared with. */
  rivals: readonly string[];
  work(options: CaseOptions): Work;
  prepare(options: CaseOptions): Promise<Prepared>;
  /** Why a rival cannot run here; undefined where it can. */
  unavailable(rival: string): Promise<string | undefined>;
  /** @throws {Error} when the contender's result is wrong, before it is timed. */
  measure(contender: string, prepared: Prepared, options: CaseOptions): Promise<Measurement>;
}
