import test from 'ava';
import { fisherBlocks } from '../../../examples/visual-tour/fisher-block.js';
import { exampleFactors, exampleGradients } from '../../../examples/visual-tour/gradients.js';
import { hessianBlock, hessianProducts } from '../../../examples/visual-tour/hessian.js';
import { meanGradient } from '../../../examples/visual-tour/mean-gradient.js';
import { score } from '../../../examples/visual-tour/network.js';
import { networkParameters } from '../../../examples/visual-tour/parameters.js';
import {
  moved,
  unitDirections,
  type Weights,
  zeroWeights,
} from '../../../examples/visual-tour/weights.js';
import type { FactoredGradients } from '../../../src/index.js';
import { seeded } from '../../random.js';
import { tiny, tinyExamples, tinyWeights } from './networks.js';

/** Small enough that hardly a ReLU turns on or off, large enough for float64. */
const STEP = 1e-5;
const ALL = Uint32Array.from({ length: 20 }, (_, n) => n);

/** A random direction, biases included. */
function randomDirection(seed: number): Weights {
  const random = seeded(seed);
  const { kernels, biases } = zeroWeights(tiny);
  const fill = (values: Float64Array): Float64Array => values.map(() => 2 * random() - 1);
  return { kernels: kernels.map(fill), biases: biases.map(fill) };
}

test('gradients are slopes of the loss', (t) => {
  const weights = tinyWeights(1);
  const examples = tinyExamples(20, 2);
  const { kernels } = meanGradient(tiny, weights, examples, ALL);
  for (const [l, kernel] of kernels.entries()) {
    const directions = unitDirections(tiny, { layer: l, start: 0, length: kernel.length });
    for (let i = 0; i < kernel.length; i += 5) {
      const direction = directions[i];
      const at = (step: number): number =>
        score(tiny, moved(weights, direction, step), examples).loss;
      const slope = (at(STEP) - at(-STEP)) / (2 * STEP);
      t.true(Math.abs(slope - kernel[i]) < 1e-8, `${l}, ${i}: ${slope}, ${kernel[i]}`);
    }
  }
});

test('the package takes the same gradients, example by example', (t) => {
  const weights = tinyWeights(1);
  const examples = tinyExamples(20, 2);
  const { kernels } = meanGradient(tiny, weights, examples, ALL);
  const sums = zeroWeights(tiny).kernels;
  for (const batch of exampleGradients(tiny, weights, examples)) {
    for (const [l, { name }] of tiny.layers.entries()) {
      for (const [i, g] of batch[name].entries()) sums[l][i % sums[l].length] += g;
    }
  }
  for (const [l, sum] of sums.entries()) {
    for (const [i, g] of sum.entries()) t.true(Math.abs(g / 20 - kernels[l][i]) < 1e-6);
  }
});

test('factors multiply to the gradients of the examples', (t) => {
  const weights = tinyWeights(12);
  const examples = tinyExamples(5, 13);
  const [gradients] = exampleGradients(tiny, weights, examples);
  const [factors] = exampleFactors(tiny, weights, examples);
  for (const { name, places, patch, outputs } of tiny.layers) {
    const { inputs, deltas, positions = 1 } = factors[name] as FactoredGradients;
    t.is(positions, places);
    const products = new Float64Array(gradients[name].length);
    for (let row = 0; row < 5 * places; row++) {
      const n = Math.floor(row / places);
      for (let o = 0; o < outputs; o++) {
        for (let k = 0; k < patch; k++) {
          products[(n * outputs + o) * patch + k] +=
            inputs[row * patch + k] * deltas[row * outputs + o];
        }
      }
    }
    for (const [i, g] of gradients[name].entries()) t.true(Math.abs(g - products[i]) < 1e-5);
  }
});

test('Hessian-vector products are slopes of the gradient, of every layer by every other', (t) => {
  const weights = tinyWeights(3);
  const examples = tinyExamples(20, 4);
  const directions = [5, 6].map(randomDirection);
  const products = hessianProducts(tiny, weights, examples, directions);
  for (const [d, direction] of directions.entries()) {
    const at = (step: number): Weights =>
      meanGradient(tiny, moved(weights, direction, step), examples, ALL);
    const [above, below] = [at(STEP), at(-STEP)];
    for (const part of ['kernels', 'biases'] as const) {
      for (const [l, product] of products[d][part].entries()) {
        const slopes = above[part][l].map((g, i) => (g - below[part][l][i]) / (2 * STEP));
        const norm = Math.hypot(...slopes);
        const distance = Math.hypot(...product.map((h, i) => h - slopes[i]));
        t.true(norm > 0.01 && distance < 1e-7 * norm, `${part} ${l}: ${distance / norm}`);
      }
    }
  }
});

test('blocks of the Hessian are symmetric and hold its products', (t) => {
  const weights = tinyWeights(7);
  const examples = tinyExamples(10, 8);
  for (const [layer, { length }] of weights.kernels.entries()) {
    const block = hessianBlock(tiny, weights, examples, { layer, start: 0, length });
    const direction = zeroWeights(tiny);
    direction.kernels[layer] = randomDirection(9).kernels[layer];
    const [{ kernels }] = hessianProducts(tiny, weights, examples, [direction]);
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let j = 0; j < length; j++) {
        t.true(Math.abs(block[i * length + j] - block[j * length + i]) < 1e-14);
        sum += block[i * length + j] * direction.kernels[layer][j];
      }
      t.true(Math.abs(sum - kernels[layer][i]) < 1e-13);
    }
  }
});

test('inside a layer, the true Fisher is the Hessian', async (t) => {
  const weights = tinyWeights(10);
  const examples = tinyExamples(30, 11);
  const parameters = networkParameters(tiny, weights);
  for (const [layer, { length }] of weights.kernels.entries()) {
    const hessian = hessianBlock(tiny, weights, examples, { layer, start: 0, length });
    const gradients = exampleGradients(tiny, weights, examples, 'true');
    const { blocks } = await fisherBlocks(parameters[layer], length, gradients);
    const largest = hessian.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    for (const [i, value] of blocks[0].entries()) {
      t.true(Math.abs(value - hessian[i]) < 1e-6 * largest, `${i}: ${value}, ${hessian[i]}`);
    }
  }
});
