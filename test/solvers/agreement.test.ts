import test from 'ava';
import { BlockFisher, type SolverName, type UpdateRule } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomArray, randomBatches, randomParameter, seeded } from '../random.js';

/** Every answer that an inverse gives, for the same samples by a solver. */
async function answers(
  solver: SolverName,
  engine: (typeof ENGINES)[number],
  seed: number,
  { rows, columns, blockSize, counts }: Case,
) {
  const random = seeded(seed);
  const parameter = { ...randomParameter('a', [rows, columns], random), outputAxis: seed % 2 };
  const mask = Uint8Array.from(parameter.data, () => (random() < 0.2 ? 0 : 1));
  const parameters = [{ ...parameter, mask }];
  const batches = randomBatches(parameters, counts, random);
  const samples = counts.reduce((a, b) => a + b, 0);
  const known = { parameters, engine, solver, samples, damping: 1e-3, blockSize };
  await using fisher = await BlockFisher.create(known);
  for (const batch of batches) await fisher.add(batch);
  const inverse = await fisher.invert();
  const masks = await inverse.select({ sparsity: 0.6 });
  const vector = { a: randomArray(rows * columns, random) };
  const there = [...mask.keys()].filter((i) => mask[i] === 1);
  // Neighbours in block order, in one block: in the model's layout they are `stride` apart.
  const stride = seed % 2 === 1 ? columns : 1;
  const groups = there
    .map((i) => [i, i + stride, i + 2 * stride].filter((j) => mask[j] === 1 && j < rows * columns))
    .filter((group) => sameBlock(group, seed % 2 === 1, rows, columns, blockSize));
  const updates = await Promise.all(
    (['none', 'independent', 'joint'] as UpdateRule[]).map((rule) =>
      inverse.update({ masks, rule }),
    ),
  );
  return {
    masks,
    diagonal: (await inverse.diagonal()).a,
    product: (await inverse.multiply(vector)).a,
    saliencies: await inverse.groupSaliency('a', groups),
    weights: updates.map(({ weights }) => weights.a),
    losses: Float64Array.from(updates.map(({ predictedLossChange: { a } }) => a.quadratic)),
  };
}

function sameBlock(
  group: number[],
  transposed: boolean,
  rows: number,
  columns: number,
  blockSize: number,
): boolean {
  const blocks = group.map((i) => {
    const place = transposed ? (i % columns) * rows + Math.floor(i / columns) : i;
    return Math.floor(place / blockSize);
  });
  return group.length > 0 && blocks.every((block) => block === blocks[0]);
}

interface Case {
  rows: number;
  columns: number;
  blockSize: number;
  counts: number[];
}

const CASES: Case[] = [
  { rows: 3, columns: 5, blockSize: 15, counts: [1] },
  { rows: 9, columns: 7, blockSize: 20, counts: [3, 4, 1] },
  { rows: 12, columns: 11, blockSize: 33, counts: [17, 2] },
  { rows: 20, columns: 13, blockSize: 130, counts: [64, 33] },
  { rows: 17, columns: 31, blockSize: 300, counts: [129, 1, 50] },
];

for (const engine of ENGINES) {
  for (const [seed, size] of CASES.entries()) {
    const { rows, columns, blockSize, counts } = size;
    test(`all solvers give the same answers for ${rows}×${columns}, B = ${blockSize}, N = ${counts.join(' + ')} (${engine})`, async (t) => {
      const [gram, ...others] = await Promise.all(
        (['gram', 'dual', 'woodbury'] as const).map((solver) =>
          answers(solver, engine, seed, size),
        ),
      );
      // λ = 1e-3 and gradients up to 1: cond(F) ≤ B/λ, so that float64 leaves ten digits and more.
      const tolerance = 100 * (blockSize / 1e-3) * 2 ** -53;
      const close = (
        what: string,
        actual: ArrayLike<number>,
        expected: ArrayLike<number>,
        by: number,
      ) => {
        let worst = 0;
        for (let i = 0; i < expected.length; i++) {
          worst = Math.max(
            worst,
            Math.abs(actual[i] - expected[i]) / (Math.abs(expected[i]) + 1e-3),
          );
        }
        t.true(worst <= by, `${what}: ${worst} > ${by}`);
      };
      for (const other of others) {
        t.deepEqual(other.masks, gram.masks);
        close('diagonal', other.diagonal, gram.diagonal, tolerance);
        close('product', other.product, gram.product, 1e4 * tolerance);
        close('saliencies', other.saliencies, gram.saliencies, 100 * tolerance);
        close('losses', other.losses, gram.losses, 1e-5); // of weights rounded to float32
        gram.weights.forEach((weights, rule) => {
          close(`weights of update ${rule}`, other.weights[rule], weights, 2 ** -21);
        });
      }
    });
  }
}
