/*
 * Prunes two networks on MNIST gradually while they are trained on, by magnitude and by WoodFisher at
 * the same schedule: `node dist/examples/gradual-pruning/main.js`; with `--full` on all images, at 95 and
 * 98 %, for ten epochs each.
 */
import { Command } from 'commander';
import { loadTensorFlow } from '../../src/tfjs/index.js';
import { loadDigits } from '../digits/idx.js';
import { METHODS, pruneGradually } from './run.js';
import { FULL, SMALL } from './settings.js';
import { SUBJECTS } from './subjects.js';

interface MainOptions {
  full: boolean;
  network?: string;
  method?: string;
  sparsity?: number;
}

async function main(): Promise<void> {
  const options = new Command('gradual-pruning')
    .description('Gradual pruning with fine-tuning, WoodFisher against magnitude.')
    .option('--full', 'all images, 95 and 98 %, ten epochs', false)
    .option('--network <name>', `one of ${SUBJECTS.map(({ name }) => name).join(', ')}`)
    .option('--method <name>', `one of ${METHODS.join(', ')}`)
    .option('--sparsity <s>', 'one sparsity, 0 to 1', Number)
    .parse()
    .opts<MainOptions>();
  const settings = options.full ? FULL : SMALL;
  const sparsities = options.sparsity === undefined ? settings.sparsities : [options.sparsity];
  const percent = (share: number): string => (100 * share).toFixed(2);
  const { tf, summary } = await loadTensorFlow();
  tf.enableProdMode(); // no advice on the console
  console.log(`TensorFlow.js: ${summary}`);
  const digits = await loadDigits();
  for (const subject of SUBJECTS) {
    if (options.network !== undefined && options.network !== subject.name) continue;
    for (const sparsity of sparsities) {
      for (const method of METHODS) {
        if (options.method !== undefined && options.method !== method) continue;
        const start = performance.now();
        const run = { method, sparsity, settings };
        const { before, after, zeros } = await pruneGradually(tf, subject, digits, run);
        const seconds = ((performance.now() - start) / 1000).toFixed(1);
        console.log(
          `${subject.name.padEnd(14)} ${method.padEnd(11)} ${percent(zeros)} % zero: ` +
            `${percent(before)} % of the test images right before, ${percent(after)} % after (${seconds} s)`,
        );
      }
    }
  }
}

await main();
