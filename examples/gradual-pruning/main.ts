/*
 * Prunes two networks on MNIST gradually while they are trained on, by magnitude and by WoodFisher at
 * the same schedule: `node dist/examples/gradual-pruning/main.js`; with `--full` on all images, at 95 and
 * 98 %, for ten epochs each.
 */
import { Command, Option } from 'commander';
import type { UpdateRule } from '../../src/index.js';
import { loadTensorFlow } from '../../src/tfjs/index.js';
import { UPDATE_RULES } from '../../src/updates/apply.js';
import { accuracyText, percent } from '../digits/accuracy-text.js';
import { loadDigits } from '../digits/idx.js';
import { mean, standardDeviation } from '../digits/moments.js';
import { METHODS, type Method, pruneGradually } from './run.js';
import { FULL, SMALL } from './settings.js';
import { SUBJECTS } from './subjects.js';

interface MainOptions {
  full: boolean;
  network?: string;
  method?: string;
  sparsity?: number;
  seed?: number;
  epochs?: number;
  update?: UpdateRule;
}

async function main(): Promise<void> {
  const options = new Command('gradual-pruning')
    .description('Gradual pruning with fine-tuning, WoodFisher against magnitude.')
    .option('--full', 'all images, 95 and 98 %, ten epochs', false)
    .option('--network <name>', `one of ${SUBJECTS.map(({ name }) => name).join(', ')}`)
    .option('--method <name>', `one of ${METHODS.join(', ')}`)
    .option('--sparsity <s>', 'one sparsity, 0 to 1', Number)
    .option('--seed <n>', 'one seed', Number)
    .option('--epochs <n>', 'passes over the images', Number)
    .addOption(
      new Option('--update <rule>', 'what WoodFisher does to what is left').choices(UPDATE_RULES),
    )
    .parse()
    .opts<MainOptions>();
  const usual = options.full ? FULL : SMALL;
  const { epochs = usual.epochs, update = usual.update } = options;
  const settings = { ...usual, epochs, update };
  const sparsities = options.sparsity === undefined ? settings.sparsities : [options.sparsity];
  const methods = METHODS.filter((name) => [undefined, name].includes(options.method as Method));
  const subjects = SUBJECTS.filter(({ name }) => [undefined, name].includes(options.network));
  const { tf, summary } = await loadTensorFlow();
  tf.enableProdMode(); // no advice on the console
  console.log(`TensorFlow.js: ${summary}`);
  const digits = await loadDigits();
  for (const subject of subjects) {
    const seeds = options.seed === undefined ? settings.seeds : [options.seed];
    const found = new Map<string, number[]>();
    const keep = (key: string, accuracy: number): void => {
      found.set(key, [...(found.get(key) ?? []), accuracy]);
    };
    for (const seed of seeds) {
      const model = await subject.dense(tf, { ...settings, seed });
      const trained = model.getWeights().map((weight) => tf.clone(weight));
      for (const sparsity of sparsities) {
        for (const method of methods) {
          model.setWeights(trained);
          const start = performance.now();
          const run = { method, sparsity, seed, settings };
          const { before, after, zeros } = await pruneGradually(tf, model, subject, digits, run);
          const seconds = ((performance.now() - start) / 1000).toFixed(1);
          console.log(
            `${subject.name.padEnd(14)} seed ${seed} ${method.padEnd(11)} ${percent(zeros)} % zero: ` +
              `${percent(before)} % of the test images right before, ${percent(after)} % after (${seconds} s)`,
          );
          keep(`${method} ${percent(zeros)} %`, after);
        }
      }
      tf.dispose(trained);
      model.dispose();
    }
    if (seeds.length > 1) {
      for (const [key, shares] of found) {
        const text = accuracyText({ mean: mean(shares), sd: standardDeviation(shares) });
        console.log(`${subject.name} ${key}: ${text}`);
      }
    }
  }
}

await main();
