import type { Failure } from '../failure.js';
import type { ReportFlags } from '../flags/report-flags.js';
import { jsonReporter } from './json-reporter.js';
import { progressBar } from './progress-bar.js';
import { progressLines } from './progress-lines.js';
import { quietReporter, textReporter } from './text-reporter.js';

/** How far a command is; the library's phases, and the command's own. */
export interface Progress {
  phase: string;
  done: number;
  /** undefined where it is not known beforehand. */
  total: number | undefined;
  unit: string;
}

/** Facts of an event, as JSON. */
export type Facts = Readonly<Record<string, unknown>>;

/** What a command says while it runs. Exactly one of `done` and `failed` comes last. */
export interface Reporter {
  progress(progress: Progress): void;
  /**
   * A fact that programs want as an event; people see `line`, or else find it in the summary. The line of
   * the progress is left free for other output.
   */
  note(event: string, facts: Facts, line?: string): void;
  warning(message: string, code?: string): void;
  /** `summary` is for people. */
  done(facts: Facts, summary: () => string): void;
  failed(failure: Failure): void;
}

/** The reporter for the flags and for what stderr is: a bar on a terminal, plain lines elsewhere. */
export function createReporter({ json, quiet }: ReportFlags): Reporter {
  if (json) return jsonReporter();
  if (quiet) return quietReporter();
  const { CI, TERM } = process.env;
  const { isTTY, columns } = process.stderr;
  // A pseudo-terminal may have no width, into which no bar fits.
  const terminal = isTTY && columns > 0 && !CI && TERM !== 'dumb';
  return textReporter(terminal ? progressBar() : progressLines());
}
