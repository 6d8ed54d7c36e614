import test from 'ava';
import { hessianBlock } from '../../../examples/visual-tour/hessian.js';
import {
  betweenLayers,
  meanStrengths,
  sharesOf,
  type WholeMatrix,
  wholeFisher,
  wholeHessian,
} from '../../../examples/visual-tour/whole.js';
import { tiny, tinyExamples, tinyWeights } from './networks.js';

/** One layer of two outputs with one weight, and one of one output with two. */
const small: WholeMatrix = {
  values: Float64Array.of(4, 1, 0, 2, 1, 2, 0, 0, 0, 0, 3, 1, 2, 0, 1, 5),
  outputs: [0, 1, 2, 4],
  layers: [0, 2, 4],
};

test('shares are of the squares of the entries', (t) => {
  const all = 16 + 1 + 4 + 1 + 4 + 9 + 1 + 4 + 1 + 25;
  const { output, layer } = sharesOf(small);
  t.true(Math.abs(output - (16 + 4 + 9 + 1 + 1 + 25) / all) < 1e-12);
  t.true(Math.abs(layer - (all - 8) / all) < 1e-12);
});

test('strengths are root mean squares by two outputs', (t) => {
  const found = [...meanStrengths(small)];
  const expected = [4, 1, Math.SQRT2, 1, 2, 0, Math.SQRT2, 0, 3];
  for (const [i, value] of found.entries()) t.true(Math.abs(value - expected[i]) < 1e-12, `${i}`);
});

test('the correlation between layers leaves out what is inside them', (t) => {
  const other = { ...small, values: small.values.map((v, i) => (i % 5 === 0 ? -v : 3 * v)) };
  t.true(Math.abs(betweenLayers(small, other) - 1) < 1e-12);
});

test('inside layers the true Fisher is the Hessian, and between them it is not', async (t) => {
  const weights = tinyWeights(20);
  const examples = tinyExamples(15, 21);
  const hessian = wholeHessian(tiny, weights, examples);
  const fisher = await wholeFisher(tiny, weights, examples, 'true');
  const { layers } = hessian;
  const order = layers[layers.length - 1];
  const largest = hessian.values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  let apart = 0;
  for (const [layer, first] of layers.slice(0, -1).entries()) {
    const length = layers[layer + 1] - first;
    const block = hessianBlock(tiny, weights, examples, { layer, start: 0, length });
    for (let i = 0; i < length; i++) {
      for (let j = 0; j < order; j++) {
        const at = (first + i) * order + j;
        const distance = Math.abs(hessian.values[at] - fisher.values[at]);
        if (j < first || j >= first + length) {
          apart = Math.max(apart, distance);
          continue;
        }
        t.is(hessian.values[at], block[i * length + j - first]);
        t.true(distance < 1e-6 * largest);
      }
    }
  }
  t.true(apart > 0.01 * largest, `${apart / largest}`);
});
