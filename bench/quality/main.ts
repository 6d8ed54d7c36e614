/*
 * Accuracy after pruning, by method: `npm run bench:quality`. See bench/README.md.
 */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { tellErrors } from '../tell-errors.js';
import { CACHE_FOLDER } from './cache.js';
import { readTablePlace, writeTables } from './docs-table.js';
import { namesIn, numbersIn } from './lists.js';
import { METHODS } from './methods.js';
import { Progress } from './progress.js';
import { qualityReport } from './report.js';
import { runQuality } from './run-quality.js';
import { type Choice, settle } from './settle.js';
import { SUBJECTS } from './subjects.js';

interface MainOptions extends Choice {
  json?: string | true;
  plot?: string;
  table?: string;
  cache: string;
  fresh: boolean;
  kept: boolean;
}

async function main(): Promise<void> {
  const command = new Command('bench:quality')
    .description(
      'Trains networks, prunes them by every method, and counts the test images they then get right. What is done is kept, so that a run that was broken off goes on.',
    )
    .option(
      '--only <names>',
      `of ${SUBJECTS.map(({ name }) => name).join(', ')}: those that begin so`,
      namesIn,
    )
    .option('--networks <names>', 'networks, by name', namesIn)
    .option('--methods <names>', `of ${METHODS.map(({ name }) => name).join(', ')}`, namesIn)
    .option('--sparsities <list>', 'of the table over sparsities', numbersIn)
    .option('--no-sparsities', 'without that table')
    .option('--samples <list>', 'N of the table over N', numbersIn)
    .option('--no-samples', 'without that table')
    .option('--seeds <list>', 'seeds; each trains networks of its own', numbersIn)
    .option('--json [file]', 'the results as JSON, to a file, or to stdout in place of the tables')
    .option('--plot <file>', 'what is wrong over sparsity and over N, as SVG')
    .option('--table <file>', 'puts the tables into a Markdown file, between its marks')
    .option('--cache <folder>', 'where trained networks and results are kept', CACHE_FOLDER)
    .option('--fresh', 'trains and runs again what is kept', false)
    .option('--kept', 'runs nothing, and leaves out what is not kept', false)
    .option('--quick', 'few examples and short training, to test the benchmark itself', false);
  const options = command.parse().opts<MainOptions>();
  await tellErrors(command, () => bench(options));
}

async function bench({
  json,
  plot,
  table,
  cache,
  fresh,
  kept,
  ...choice
}: MainOptions): Promise<void> {
  const settled = settle(choice);
  if (table !== undefined) await readTablePlace(table);
  const progress = new Progress(settled, (line) => process.stderr.write(`${line}\n`));
  if (!kept) await progress.announce();
  const result = await runQuality({
    ...settled,
    cache,
    fresh,
    onlyKept: kept,
    onTrained: (subject, seed, seconds) => progress.trained(subject, seed, seconds),
    onRun: (run) => {
      if (!kept) progress.ran(run);
    },
  });
  if (json !== true) console.log(qualityReport(result));
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (json === true) process.stdout.write(text);
  else if (json !== undefined) await writeFile(json, text);
  if (table !== undefined) await writeTables(table, result);
  if (plot === undefined) return;
  const { qualityPlot } = await import('./quality-plot.js');
  await writeFile(plot, await qualityPlot(result));
}

await main();
