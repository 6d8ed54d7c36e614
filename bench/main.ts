/*
 * The benchmark: `npm run bench`. See bench/README.md.
 */
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { selectCases } from './cases/index.js';
import { PeakProgram } from './machine.js';
import { caseReport, machineReport } from './report.js';
import type { BenchResult } from './result.js';
import { runCase } from './run-case.js';
import { tellErrors } from './tell-errors.js';

interface BenchOptions {
  /** true: to stdout. */
  json?: string | true;
  only: string[];
  plot?: string;
  runs: number;
  rivals: boolean;
  quick: boolean;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}

async function main(): Promise<void> {
  const command = new Command('bench')
    .description(
      'Measures the machine, then every case and its rivals in processes of their own; results are checked before they are timed.',
    )
    .option('--json [file]', 'the results as JSON, to a file, or to stdout in place of the tables')
    .option(
      '--only <name>',
      'a case, or those whose names begin so; may be repeated',
      (name, names: string[]) => [...names, name],
      [],
    )
    .option('--plot <file>', 'the ratios as an SVG plot')
    .option('--runs <n>', 'runs that medians are over', wholeNumber, 5)
    .option('--no-rivals', 'the package alone')
    .option('--quick', 'sizes of a second or two, to test the benchmark itself', false);
  const options = command.parse().opts<BenchOptions>();
  await tellErrors(command, () => bench(options));
}

async function bench({ json, only, plot, runs, rivals, quick }: BenchOptions): Promise<void> {
  const print = (text: string): void => {
    if (json !== true) console.log(text);
  };
  const selected = selectCases(only);
  const peak = await PeakProgram.build({ quick });
  const result: BenchResult = {
    machine: await peak.machine(),
    quick,
    cases: [],
    failures: [],
  };
  print(machineReport(result.machine));
  for (const bench of selected) {
    const found = await runCase(bench, {
      quick,
      runs,
      rivals,
      peak,
      onFailure: (failure) => {
        result.failures.push(failure);
        process.exitCode = 1;
      },
      onStep: (step) => process.stderr.write(`${step}\n`),
    });
    if (found !== undefined) result.cases.push(found);
  }
  print(caseReport(result));
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (json === true) process.stdout.write(text);
  else if (json !== undefined) await writeFile(json, text);
  if (plot === undefined) return;
  const { ratioPlot } = await import('./ratio-plot.js');
  await writeFile(plot, await ratioPlot(result));
}

await main();
