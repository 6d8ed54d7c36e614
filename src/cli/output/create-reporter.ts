import type { ReportFlags } from '../flags/report-flags.js';
import { jsonReporter } from './json-reporter.js';
import { progressBar } from './progress-bar.js';
import { progressLines } from './progress-lines.js';
import type { Reporter } from './reporter.js';
import { quietReporter, textReporter } from './text-reporter.js';

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
