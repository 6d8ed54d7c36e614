import test from 'ava';
import { blockSizeOf, curvatureBlocks } from '../../../examples/visual-tour/blocks.js';
import { pearson, resemblance } from '../../../examples/visual-tour/correlation.js';
import { pruningWays } from '../../../examples/visual-tour/directions.js';
import { exampleGradients } from '../../../examples/visual-tour/gradients.js';
import { score } from '../../../examples/visual-tour/network.js';
import { convnet, mlp, shrunk } from '../../../examples/visual-tour/subjects.js';
import { hundredthOf } from '../../../examples/visual-tour/tour.js';
import { randomWeights, trained } from '../../../examples/visual-tour/training.js';
import { seeded } from '../../random.js';
import { tiny, tinyExamples, tinyWeights } from './networks.js';

test('a block holds whole outputs, 100 weights at most', (t) => {
  t.deepEqual([...mlp.layers, ...convnet.layers].map(blockSizeOf), [98, 96, 54, 54, 96]);
});

test('the correlation of a matrix with a multiple of itself is 1, and the traces tell the factor', (t) => {
  const random = seeded(1);
  const matrix = Float64Array.from({ length: 36 }, () => random());
  const { entries, offDiagonal, trace } = resemblance(
    matrix.map((x) => 3 * x),
    matrix,
  );
  for (const [found, expected] of [
    [entries, 1],
    [offDiagonal, 1],
    [trace, 3],
  ]) {
    t.true(Math.abs(found - expected) < 1e-12);
  }
  const other = resemblance(
    matrix.map((x, i) => (i % 7 === 0 ? x : -x)),
    matrix,
  );
  t.true(Math.abs(other.offDiagonal + 1) < 1e-12 && other.entries > -1);
});

test('correlation is that of the formula', (t) => {
  const found = pearson(Float64Array.of(1, 2, 4), Float64Array.of(2, 1, 6));
  t.true(Math.abs(found - 7 / Math.sqrt((14 / 3) * 14)) < 1e-12);
});

test('a smaller digit has the ink of the larger one', (t) => {
  const random = seeded(2);
  const images = Float32Array.from({ length: 2 * 784 }, () => random());
  for (const side of [7, 14]) {
    const small = shrunk({ images, labels: Uint8Array.of(3, 4) }, side);
    t.is(small.images.length, 2 * side * side);
    // The pixel in row 1, column 2.
    const factor = 28 / side;
    let sum = 0;
    for (let i = 0; i < factor; i++) {
      for (let j = 0; j < factor; j++) sum += images[784 + (factor + i) * 28 + 2 * factor + j];
    }
    t.true(Math.abs(small.images[side * side + side + 2] - sum / factor ** 2) < 1e-12);
  }
});

test('training lowers the loss, stops where it is told to, and a seed decides it', (t) => {
  const examples = tinyExamples(60, 3);
  const options = { epochs: 20, seed: 4 };
  const stops = [0, 0.5, 1];
  const weights = [...trained(tiny, examples, stops, options)];
  t.is(weights.length, 3);
  t.deepEqual(weights[0].kernels[0], randomWeights(tiny, 4).kernels[0].map(Math.fround));
  const losses = weights.map((w) => score(tiny, w, examples).loss);
  t.true(losses[2] < losses[1] && losses[1] < losses[0], `${losses}`);
  t.deepEqual([...trained(tiny, examples, stops, options)], weights);
});

test('the block with the most curvature is looked at, or the one that was chosen', async (t) => {
  const weights = tinyWeights(5);
  const examples = tinyExamples(20, 6);
  const blocks = await curvatureBlocks(tiny, weights, examples, undefined);
  t.deepEqual(
    blocks.map(({ hessian }) => Math.sqrt(hessian.length)),
    [27, 48, 48],
  );
  const again = await curvatureBlocks(tiny, weights, examples, [0, 0, 0]);
  t.deepEqual(again, blocks);
});

test('the hundredth of the examples with the largest gradients is found in any order', (t) => {
  const weights = tinyWeights(9);
  const examples = tinyExamples(150, 10);
  const one = (n: number): number => {
    const images = examples.images.subarray(36 * n, 36 * (n + 1));
    const [batch] = exampleGradients(tiny, weights, {
      images,
      labels: examples.labels.slice(n, n + 1),
    });
    return Object.values(batch).reduce((sum, g) => g.reduce((a, b) => a + b * b, sum), 0);
  };
  const squares = Array.from({ length: 150 }, (_, n) => one(n)).sort((a, b) => b - a);
  const expected = (squares[0] + squares[1]) / squares.reduce((a, b) => a + b);
  t.true(Math.abs(hundredthOf(tiny, weights, examples) - expected) < 1e-9);
});

test('a way begins at the network’s loss and ends at that of the pruned one', async (t) => {
  const weights = tinyWeights(7);
  const examples = tinyExamples(50, 8);
  const way = [0, 0.01, 1];
  const ways = await pruningWays(tiny, weights, examples, { sparsity: 0.5, way });
  t.deepEqual(
    ways.map(({ method }) => method),
    ['WoodFisher', 'K-FAC', 'diagonal Fisher'],
  );
  const { loss } = score(tiny, weights, examples);
  for (const { points } of ways) {
    const [start, near, end] = points;
    t.is(start.measured, loss);
    t.deepEqual([start.own, start.hessian], [loss, loss]);
    t.true(end.own > loss);
    // Near the weights the exact quadratic model is what happens; what is left goes with t³.
    t.true(Math.abs(near.hessian - near.measured) < 1e-5, `${near.hessian}, ${near.measured}`);
    t.not(near.measured, loss);
  }
});
