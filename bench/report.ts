import Table from 'cli-table3';
import type { Machine } from './machine.js';
import type { BenchResult, CaseResult } from './result.js';

const STYLE = { head: [], border: [], compact: true };

/** What the machine can do, for people. */
export function machineReport(machine: Machine): string {
  const { processor, threads, instructionSet, flopsOneThread, flopsAllThreads } = machine;
  return [
    `machine: ${processor}, ${threads} threads, ${instructionSet}, Node ${machine.node}`,
    `float64 multiply-add peak: ${giga(flopsOneThread)} GFLOP/s on one thread, ${giga(flopsAllThreads)} on all`,
    `read bandwidth: ${giga(machine.readBytesPerSecond)} GB/s`,
  ].join('\n');
}

/** The cases, their rivals and the figures, as three tables. */
export function caseReport({ cases, failures, quick }: BenchResult): string {
  return [
    caseTable(cases),
    ...cases.map(({ name, title }) => `${name}: ${title}`),
    '',
    rivalTable(cases),
    'Ratios compare the time from the samples to D (digits: to the pruned weights) with the native engine’s.',
    ...together(cases, 'skipped', ({ skipped }) => Object.entries(skipped)),
    ...together(cases, 'ran with', ({ rivals }) =>
      rivals.map(({ name, library }) => [name, library]),
    ),
    '',
    quick ? 'Sizes of --quick: figures are not judged.' : '',
    figureTable(cases),
    ...failures.map(({ case: name, contender, message }) => `${name}, ${contender}: ${message}`),
  ].join('\n');
}

function caseTable(cases: readonly CaseResult[]): string {
  const table = new Table({
    head: ['case', 'time', 'GFLOP/s', 'of peak', 'GB/s', 'peak memory', 'limit', 'error', 'runs'],
    colAligns: ['left', ...Array.from({ length: 8 }, (): 'right' => 'right')],
    style: STYLE,
  });
  for (const result of cases) {
    table.push([
      result.name,
      seconds(result.seconds),
      result.gflops.toFixed(1),
      `${(100 * result.fractionOfPeak).toFixed(1)} %`,
      giga(result.bytesPerSecond),
      megabytes(result.peakBytes),
      megabytes(result.peakBytesLimit),
      error(result.error),
      result.runs,
    ]);
  }
  return table.toString();
}

function rivalTable(cases: readonly CaseResult[]): string {
  const table = new Table({
    head: ['case', 'rival', 'time', 'scaled from', 'threads', 'runs', 'error', 'ratio'],
    colAligns: ['left', 'left', ...Array.from({ length: 6 }, (): 'right' => 'right')],
    style: STYLE,
  });
  for (const { name, rivals, ratios } of cases) {
    for (const rival of rivals) {
      table.push([
        name,
        rival.name,
        seconds(rival.seconds),
        rival.scaledFrom === undefined ? '' : `d = ${rival.scaledFrom}`,
        rival.threads,
        rival.runs,
        error(rival.error),
        `${ratios[rival.name].toPrecision(3)}×`,
      ]);
    }
  }
  return table.toString();
}

function figureTable(cases: readonly CaseResult[]): string {
  const table = new Table({
    head: ['case', 'figure', 'wanted', 'reached', ''],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: STYLE,
  });
  for (const { name, figures } of cases) {
    for (const { title, wanted, reachedText, ok } of figures) {
      table.push([name, title, wanted, reachedText, ok === null ? '' : ok ? 'yes' : 'NO']);
    }
  }
  return table.toString();
}

/** A line for each thing there is to say, with the names of the rivals it is said of. */
function together(
  cases: readonly CaseResult[],
  what: string,
  said: (result: CaseResult) => [rival: string, text: string | undefined][],
): string[] {
  const byText = new Map<string, Set<string>>();
  for (const [name, text] of cases.flatMap(said)) {
    if (text !== undefined) byText.set(text, (byText.get(text) ?? new Set()).add(name));
  }
  return [...byText].map(([text, names]) => `${[...names].join(', ')} ${what}: ${text}`);
}

function giga(value: number): string {
  return (value / 1e9).toFixed(1);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function seconds(value: number): string {
  return value < 0.1 ? `${(1000 * value).toPrecision(3)} ms` : `${value.toPrecision(3)} s`;
}

function error(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}
