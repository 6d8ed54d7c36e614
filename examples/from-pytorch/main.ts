/*
 * Prunes a transformer of PyTorch: trains it, writes its weights and gradients (train.py, grads.py), prunes
 * them with the command line, and loads the results back to measure what they have lost (loss.py):
 * `node dist/examples/from-pytorch/main.js`; with `--full` longer trained, and with more samples.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import { noTorch, pythonWithTorch } from '../../bench/python.js';
import { compare, type Row } from './compare.js';
import { FULL, type Settings, SMALL } from './settings.js';

async function main(): Promise<void> {
  const { full } = new Command('from-pytorch')
    .description('Weights and gradients of PyTorch, WoodFisher against magnitude.')
    .option('--full', 'trained for longer, more samples, sparsities to 70 %', false)
    .parse()
    .opts<{ full: boolean }>();
  const python = await pythonWithTorch();
  if (python === undefined) {
    console.log(`skipped: ${noTorch()}`);
    if (full) process.exitCode = 1;
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'from-pytorch-'));
  try {
    const settings = full ? FULL : SMALL;
    const { loss, weights, rows } = await compare(python, folder, settings);
    console.log(`${weights} weights, loss ${loss.toFixed(4)} on held-out sentences`);
    console.log(tableOf(rows, settings));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tableOf(rows: readonly Row[], { several }: Settings): string {
  const table = new Table({
    head: [
      ...['more loss', 'magnitude, measured', 'WoodFisher, measured', 'WoodFisher, predicted'],
      `WoodFisher in ${several.steps} steps, measured`,
    ],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { sparsity, magnitude, measured, predicted, several: inSteps } of rows) {
    const percent = `${Math.round(100 * sparsity)} % zero`;
    const losses = [magnitude, measured, predicted, inSteps];
    table.push([percent, ...losses.map((loss) => loss?.toFixed(4) ?? '')]);
  }
  return table.toString();
}

await main();
