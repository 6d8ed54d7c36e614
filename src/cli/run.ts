import { EXIT } from './exit-codes.js';
import { failureOf } from './failure.js';
import type { ReportFlags } from './flags/report-flags.js';
import { createReporter } from './output/create-reporter.js';
import type { Reporter } from './output/reporter.js';

/** What a command has while it runs. */
export interface Run {
  reporter: Reporter;
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * Runs the work of a command: reports warnings and errors, stops on the first SIGINT or SIGTERM (a
 * second one ends the process at once), and sets the exit code.
 */
export async function runCommand(
  flags: ReportFlags,
  work: (run: Run) => Promise<void>,
): Promise<void> {
  const reporter = createReporter(flags);
  forwardWarnings(reporter);
  const controller = new AbortController();
  let stopped: StopSignal | undefined;
  for (const name of STOP_SIGNALS) {
    // Not `once`: ora restores the cursor in a handler of its own, which ends the process if it finds
    // no other handler left.
    process.on(name, () => {
      if (stopped !== undefined) process.exit(exitCodeOf(stopped));
      stopped = name;
      controller.abort(new Error(`interrupted by ${name}`));
    });
  }
  try {
    await work({ reporter, signal: controller.signal });
  } catch (error) {
    if (stopped === undefined) {
      const failure = failureOf(error);
      process.exitCode = failure.code === 'ERR_WOODFISHER_JOB' ? EXIT.job : EXIT.failure;
      reporter.failed(failure);
    } else {
      // Whatever was thrown, it was on the way out.
      process.exitCode = exitCodeOf(stopped);
      const { message } = controller.signal.reason as Error;
      reporter.failed({ ...failureOf(error), code: 'ERR_WOODFISHER_INTERRUPTED', message });
    }
  }
}

function exitCodeOf(signal: StopSignal): number {
  return signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
}

/** Warnings in the words of the command line, instead of Node's `(node:1234) [CODE] Warning: …`. */
function forwardWarnings(reporter: Reporter): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning: Error & { code?: string }) => {
    reporter.warning(warning.message, warning.code);
  });
}
