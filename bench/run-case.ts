import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchCase, type CaseOptions, type Measurement, OWN } from './cases/case.js';
import { judge } from './figures.js';
import { inChild } from './in-child.js';
import type { Peak, PeakProgram } from './machine.js';
import type { CaseResult, Failure, RivalResult } from './result.js';

/** What a process may hold beside state and batches: Node itself, code, scratch, results. */
const ALLOWANCE = 150e6;

/** What goes with running the cases. */
export interface RunOptions {
  quick: boolean;
  runs: number;
  /** Whether rivals run too. */
  rivals: boolean;
  peak: PeakProgram;
  onFailure(failure: Failure): void;
  /** Told who runs now. */
  onStep(step: string): void;
}

/** Runs a case and its rivals, each in its own process; undefined where our own part fails. */
export async function runCase(
  bench: BenchCase,
  { quick, runs, rivals: withRivals, peak, onFailure, onStep }: RunOptions,
): Promise<CaseResult | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'woodfisher-bench-'));
  const options: CaseOptions = { quick, runs, folder };
  const job = { case: bench.name, options };
  try {
    onStep(`${bench.name}: reference`);
    const { result: prepared } = await inChild({ ...job, do: 'prepare' });
    const measure = (contender: string) => {
      onStep(`${bench.name}: ${contender}`);
      return inChild<Measurement>({ ...job, do: 'measure', contender, prepared });
    };
    const before = await peak.now();
    const own = await measure(OWN);
    const after = await peak.now();
    const rivals: RivalResult[] = [];
    const skipped: Record<string, string> = {};
    for (const name of withRivals ? bench.rivals : []) {
      const reason = await bench.unavailable(name);
      if (reason !== undefined) {
        skipped[name] = reason;
        continue;
      }
      try {
        const { result } = await measure(name);
        const { total: seconds, scaledFrom, threads, library, runs, error } = result;
        rivals.push({ name, seconds, scaledFrom, threads, library, runs, error });
      } catch (error) {
        onFailure({ case: bench.name, contender: name, message: (error as Error).message });
      }
    }
    const { flops, bytes, residentBytes } = bench.work(options);
    const { seconds, total, error, threads, values = {} } = own.result;
    const rate = flops / seconds;
    const result = {
      name: bench.name,
      title: bench.title(options),
      seconds,
      totalSeconds: total,
      gflops: rate / 1e9,
      fractionOfPeak: rate / Math.max(peakAt(before, threads), peakAt(after, threads)),
      bytesPerSecond: bytes / seconds,
      peakBytes: own.peakBytes,
      peakBytesLimit: residentBytes + ALLOWANCE,
      error,
      ratios: Object.fromEntries(rivals.map((rival) => [rival.name, rival.seconds / total])),
      runs: own.result.runs,
      threads,
      values,
      rivals,
      skipped,
    };
    return { ...result, figures: judge(result, { quick }) };
  } catch (error) {
    onFailure({ case: bench.name, contender: OWN, message: (error as Error).message });
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The peak of so many threads, which share the machine evenly. */
function peakAt({ flopsOneThread, flopsAllThreads, threads: all }: Peak, threads: number): number {
  return threads === 1 ? flopsOneThread : (flopsAllThreads * threads) / all;
}
