/*
 * Prunes a network that others have trained, which doubles the size of photographs, without training it
 * again: `node dist/examples/pretrained/main.js`; with `--full` as docs/pretrained.md shows it.
 */
import { Command } from 'commander';
import { type Curve, lineChart } from '../../plots/lines.js';
import { plainTable } from '../digits/plain-table.js';
import { wasmTensorFlow } from '../digits/tf-model.js';
import { writeFigures } from '../digits/write-figures.js';
import { photograph } from './image.js';
import { METHODS, type Outcome, pruneUpscaler } from './run.js';
import { FULL, SMALL } from './settings.js';

interface MainOptions {
  full: boolean;
  plots?: string;
}

async function main(): Promise<void> {
  const { full, plots } = new Command('pretrained')
    .description('Prunes a published network for super-resolution, WoodFisher beside magnitude.')
    .option('--full', 'more gradients, all sparsities, all of the photograph', false)
    .option('--plots <folder>', 'where the plot is written; default: nowhere')
    .parse()
    .opts<MainOptions>();
  const tf = await wasmTensorFlow();
  const photographs = {
    fisher: await Promise.all(['cup', 'spoon', 'suit'].map(photograph)),
    scored: await photograph('cat'),
  };
  const start = performance.now();
  const outcome = await pruneUpscaler(tf, photographs, full ? FULL : SMALL);
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${outcome.dense.toFixed(2)} dB dense, ${outcome.interpolated.toFixed(2)} dB by interpolation; ` +
      `${outcome.gradientSeconds.toFixed(1)} s of processor time for the gradients (${seconds.toFixed(1)} s in all)\n${table(outcome)}`,
  );
  if (plots !== undefined) await writeFigures(plots, [['pretrained.svg', await plot(outcome)]]);
}

function table({ scores }: Outcome): string {
  const rows = plainTable([
    ...['method', '% zero', 'dB against the photograph', 'dB against the dense network'],
  ]);
  for (const { method, sparsity, score } of scores) {
    const numbers = [score.photograph, score.dense].map((decibels) => decibels.toFixed(2));
    rows.push([method, (100 * sparsity).toFixed(0), ...numbers]);
  }
  return rows.toString();
}

async function plot({ dense, interpolated, scores }: Outcome): Promise<string> {
  const sparsities = [...new Set(scores.map(({ sparsity }) => sparsity))];
  const flat = (label: string, y: number): Curve => ({
    label,
    points: sparsities.map((s) => ({ x: 100 * s, y })),
  });
  const curves = METHODS.map((label) => ({
    label,
    points: scores
      .filter(({ method }) => method === label)
      .map(({ sparsity, score }) => ({ x: 100 * sparsity, y: score.photograph })),
  }));
  return await lineChart([...curves, flat('dense', dense), flat('interpolation', interpolated)], {
    title: 'A published super-resolution network, pruned without training',
    x: '% of the weights that are zero',
    y: 'PSNR, dB',
  });
}

await main();
