/*
 * Prunes two trained networks on real digits, by six methods and at six sparsities, and prints the
 * accuracy on the 10,000 test images: `npm run demo`. The best recipe takes minutes and is run for the
 * small network at the highest sparsity alone; with `-- --best` for both from 90 % on, with `-- --no-best`
 * not at all. With `-- --train` it trains them first.
 */
import { Command } from 'commander';
import {
  BlockFisher,
  type CriterionName,
  type Parameter,
  prune,
  type Selection,
  type UpdateRule,
} from '../../src/index.js';
import { modelParameters, perExampleFactors } from '../../src/tfjs/index.js';
import { accuracy } from './accuracy.js';
import { type Digits, loadDigits, pick, slice } from './idx.js';
import { mlpnet, type Network, networks } from './networks.js';
import { randomExamples, randomGradients } from './random-gradients.js';
import { scoreNetwork, sparseNetwork } from './sparse-network.js';
import { accuracyTable, type Row } from './table.js';
import { buildTfModel, type TensorFlow, wasmTensorFlow } from './tf-model.js';
import { trainAll } from './train.js';
import { loadNetwork } from './weights.js';

const SPARSITIES = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98];

interface Method {
  title: string;
  criterion: CriterionName;
  selection?: Selection;
  rule: UpdateRule;
}

const METHODS: readonly Method[] = [
  { title: 'magnitude', criterion: 'magnitude', rule: 'none' },
  { title: 'diagonal Fisher', criterion: 'diagonal-fisher', rule: 'none' },
  { title: 'WoodFisher, no update', criterion: 'woodfisher', rule: 'none' },
  { title: 'WoodFisher, independent', criterion: 'woodfisher', rule: 'independent' },
  { title: 'WoodFisher, joint', criterion: 'woodfisher', rule: 'joint' },
  { title: 'WoodFisher, greedy', criterion: 'woodfisher', selection: 'greedy', rule: 'joint' },
];

interface DemoOptions {
  train: boolean;
  /** undefined: for the small network alone. */
  best?: boolean;
  samples: number;
  blockSize: number;
  damping: number;
  seed: number;
}

/** Seconds that `work` takes, printed behind its title. */
async function timed<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  console.log(`  ${title.padEnd(58)}${seconds.padStart(7)} s`);
  return result;
}

/** Training images at the end of which losses are taken and no gradients. */
const HELD_OUT = 5000;

/** Accuracy on the test images after preset `best`, which takes gradients again at each of its steps. */
async function bestAccuracy(
  parameters: readonly Parameter[],
  { train, test }: Digits,
  sparsity: number,
  seed: number,
): Promise<number> {
  const from = train.labels.length - HELD_OUT;
  const heldOut = slice(train, from);
  const result = await prune({
    parameters,
    sparsity,
    preset: 'best',
    gradients: randomGradients(slice(train, 0, from), 'advised', seed),
    loss: async (weights) => (await scoreNetwork(sparseNetwork(weights), heldOut)).loss,
  });
  return (await scoreNetwork(sparseNetwork(result.parameters), test)).accuracy;
}

async function pruneNetwork(
  tf: TensorFlow,
  network: Network,
  digits: Digits,
  { samples, blockSize, damping, seed, best }: DemoOptions,
): Promise<void> {
  console.log(`\n${network.name} (${network.sizes.join('-')})`);
  const trained = await loadNetwork(network);
  const model = buildTfModel(tf, network, trained);
  const parameters: Parameter[] = modelParameters(model);
  const score = (weights: Readonly<Record<string, Float32Array>>): Promise<number> =>
    accuracy(
      parameters.map((parameter) => ({
        ...parameter,
        data: weights[parameter.name] ?? parameter.data,
      })),
      digits.test,
    );
  const dense = await timed('dense accuracy on the test images', () => score({}));
  const fisher = await BlockFisher.create({ parameters, blockSize, samples });
  try {
    const { images, labels } = pick(digits.train, randomExamples(digits.train, samples, seed));
    await timed(`${samples} per-example gradients, summed as they come`, async () => {
      for await (const batch of perExampleFactors(model, images, labels, { tf })) {
        await fisher.add(batch);
      }
    });
    const inverse = await timed('inverse Fisher, its diagonal', () => fisher.invert({ damping }));
    console.log(
      `  engine ${fisher.engine.name}, solver ${fisher.solver.name}: ${fisher.solver.reason}`,
    );
    const rows: Row[] = [];
    for (const { title, criterion, selection, rule } of METHODS) {
      const accuracies = await timed(
        `${title} at ${SPARSITIES.length} sparsities, with the tests`,
        async () => {
          const found: number[] = [];
          for (const sparsity of SPARSITIES) {
            const masks = await inverse.select({ criterion, selection, sparsity });
            const { weights } = await inverse.update({ masks, rule });
            found.push(await score(weights));
          }
          return found;
        },
      );
      rows.push({ title, accuracies });
    }
    const hard = best ? SPARSITIES.filter((s) => s >= 0.9) : SPARSITIES.slice(-1);
    if (best ?? network === mlpnet) {
      const accuracies: (number | undefined)[] = [];
      for (const sparsity of SPARSITIES) {
        accuracies.push(
          hard.includes(sparsity)
            ? await timed(`preset best at ${100 * sparsity} %, 32 steps`, () =>
                bestAccuracy(trained, digits, sparsity, seed),
              )
            : undefined,
        );
      }
      rows.push({ title: 'preset best', accuracies });
    }
    console.log(accuracyTable(dense, SPARSITIES, rows));
  } finally {
    await fisher.dispose();
    model.dispose();
  }
}

async function main(): Promise<void> {
  const command = new Command('demo')
    .description('Prunes LeNet-300-100 and MLPNet on MNIST and prints test accuracies.')
    .option('--train', 'train the networks again first (about a minute)', false)
    .option('--best', 'the best recipe for both networks from 90 % on (minutes)')
    .option('--no-best', 'without the best recipe (seconds)')
    .option('--samples <n>', 'per-example gradients', Number, 1000)
    .option('--block-size <n>', 'weights per block', Number, 100)
    .option('--damping <n>', 'λ', Number, 1e-5)
    .option('--seed <n>', 'which training images are used', Number, 1);
  const options = command.parse().opts<DemoOptions>();
  const start = performance.now();
  if (options.train) await trainAll();
  const digits = await timed('60,000 training and 10,000 test images read', loadDigits);
  const tf = await timed('TensorFlow.js, WebAssembly backend', wasmTensorFlow);
  for (const network of networks) await pruneNetwork(tf, network, digits, options);
  console.log(`\n${((performance.now() - start) / 1000).toFixed(1)} s in all`);
}

await main();
