/*
 * Looks at the curvature that pruning goes by: the exact Hessian of two small networks beside their true
 * and their empirical Fisher, and the losses that three methods predict for their own pruning beside
 * those that come of it: `node dist/examples/visual-tour/main.js`; with `--full` as docs/visual-tour.md
 * shows it.
 */
import { Command } from 'commander';
import { loadDigits, slice } from '../digits/idx.js';
import { plainTable } from '../digits/plain-table.js';
import { writeFigures } from '../digits/write-figures.js';
import { figuresOf } from './figures.js';
import { FULL, SMALL } from './settings.js';
import { NETWORKS } from './subjects.js';
import { type Tour, tourOf } from './tour.js';
import { betweenLayers, sharesOf } from './whole.js';

interface MainOptions {
  full: boolean;
  plots?: string;
}

async function main(): Promise<void> {
  const { full, plots } = new Command('visual-tour')
    .description('Hessian, Fishers, and the losses they predict.')
    .option('--full', 'more images, more epochs', false)
    .option('--plots <folder>', 'where the figures are written; default: nowhere')
    .parse()
    .opts<MainOptions>();
  const settings = full ? FULL : SMALL;
  const { train, test } = await loadDigits();
  const digits = {
    train: slice(train, 0, settings.trainingImages),
    test: slice(test, 0, settings.testImages),
  };
  for (const network of NETWORKS) {
    const start = performance.now();
    const tour = await tourOf(network, digits, settings);
    const figures = await figuresOf(tour);
    if (plots !== undefined) await writeFigures(plots, figures);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${network.name} (${seconds} s)\n${tables(tour)}`);
  }
}

const percent = (part: number, digits = 0): string => `${(100 * part).toFixed(digits)} %`;

function tables({ stops, whole, ways }: Tour): string {
  const stopTable = plainTable([
    ...['training', 'loss', 'accuracy', '1 % has', 'layer'],
    ...['true Fisher: r', 'beside the diagonal', 'trace'],
    ...['empirical: r', 'beside the diagonal', 'trace'],
  ]);
  for (const { share, loss, accuracy, hundredth, resemblances } of stops) {
    for (const { layer, trueFisher, empiricalFisher } of resemblances) {
      const numbers = [trueFisher, empiricalFisher].flatMap(({ entries, offDiagonal, trace }) => [
        ...[entries.toFixed(3), offDiagonal.toFixed(3), trace.toFixed(2)],
      ]);
      const network = [percent(share), loss.toFixed(3), percent(accuracy, 1), percent(hundredth)];
      stopTable.push([...network, layer, ...numbers]);
    }
  }
  const wholeTable = plainTable(['all weights', 'within outputs', 'within layers', 'r between']);
  for (const [name, matrix] of Object.entries(whole)) {
    const { output, layer } = sharesOf(matrix);
    const r = betweenLayers(matrix, whole.hessian).toFixed(3);
    wholeTable.push([name, percent(output, 1), percent(layer, 1), r]);
  }
  const wayTable = plainTable([
    ...['method', 'loss before', 'after', 'own prediction', 'exact ½δᵀHδ', 'exact ḡᵀδ'],
  ]);
  for (const { method, own, quadratic, linear, points } of ways) {
    const [before, after] = [0, 1].map((at) => points.find(({ t }) => t === at)?.measured ?? NaN);
    const changes = [own, quadratic, linear].map((change) => change.toFixed(4));
    wayTable.push([method, before.toFixed(4), after.toFixed(4), ...changes]);
  }
  return [stopTable, wholeTable, wayTable].join('\n');
}

await main();
