import test from 'ava';
import { accuracy } from '../../../examples/digits/accuracy.js';
import type { Split } from '../../../examples/digits/idx.js';
import { networkParameters } from '../../../examples/digits/networks.js';
import {
  exampleFactors,
  scoreNetwork,
  sparseNetwork,
} from '../../../examples/digits/sparse-network.js';
import type { Parameter } from '../../../src/index.js';
import { randomArray, seeded } from '../../random.js';

const sizes = [784, 9, 7, 10];

/** A network of which about half of the weights are 0, and no bias, so that no sum is 0 at a ReLU. */
async function halfEmpty(seed: number): Promise<Parameter[]> {
  const random = seeded(seed);
  return await networkParameters({ name: 'small', sizes, epochs: 1 }, (name, length) =>
    randomArray(length, random).map((w) => (name.endsWith('weight') && random() < 0.5 ? 0 : w / 4)),
  );
}

/** Images of which three pixels of four are paper. */
function digits(count: number, seed: number): Split {
  const random = seeded(seed);
  return {
    images: Float32Array.from({ length: count * 784 }, () => (random() < 0.75 ? 0 : random())),
    labels: Uint8Array.from({ length: count }, () => Math.floor(10 * random())),
  };
}

test('it gets right what the network of the examples gets right', async (t) => {
  for (const seed of [1, 2, 3]) {
    const parameters = await halfEmpty(seed);
    const split = digits(200, seed + 10);
    const score = await scoreNetwork(sparseNetwork(parameters), split);
    t.is(score.accuracy, await accuracy(parameters, split));
  }
});

test('factors are the gradient of the loss by each weight', async (t) => {
  const parameters = await halfEmpty(4);
  const split = digits(3, 5);
  const factors = exampleFactors(sparseNetwork(parameters), split, Uint32Array.of(2));
  const one = { images: split.images.subarray(2 * 784), labels: split.labels.subarray(2) };
  for (const [l, { inputs, deltas }] of factors.entries()) {
    const { data } = parameters[2 * l];
    const width = sizes[l];
    t.deepEqual([inputs.length, deltas.length], [width, sizes[l + 1]]);
    const brightest = inputs.indexOf(Math.max(...inputs));
    for (let o = 0; o < sizes[l + 1]; o++) {
      const at = o * width + brightest;
      const found = await slope(parameters, data, at, one);
      const expected = inputs[brightest] * deltas[o];
      t.true(Math.abs(found - expected) < 1e-3, `layer ${l}, output ${o}: ${found}, ${expected}`);
    }
  }
});

/** The derivative of the loss by a weight, from its values on both sides. */
async function slope(
  parameters: readonly Parameter[],
  data: Float32Array,
  at: number,
  split: Split,
): Promise<number> {
  const before = data[at];
  const h = 2 ** -12;
  data[at] = before + h;
  const { loss: above } = await scoreNetwork(sparseNetwork(parameters), split);
  data[at] = before - h;
  const { loss: below } = await scoreNetwork(sparseNetwork(parameters), split);
  data[at] = before;
  return (above - below) / (2 * h);
}

test('factors come in the order of the examples asked for', async (t) => {
  const network = sparseNetwork(await halfEmpty(6));
  const split = digits(5, 7);
  const [{ inputs }] = exampleFactors(network, split, Uint32Array.of(4, 1));
  t.deepEqual(inputs.subarray(0, 784), split.images.subarray(4 * 784));
  t.deepEqual(inputs.subarray(784), split.images.subarray(784, 2 * 784));
});
