import test from 'ava';
import fc from 'fast-check';
import { BlockFisher, type SolverName, type UpdateRule } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import {
  constrainedMinimum,
  type Dense,
  fisher as denseFisher,
  inverse as denseInverse,
  multiply,
  quadraticForm,
} from '../oracle/dense.js';
import { randomArray, randomParameter, seeded } from '../random.js';

const LAMBDA = 1e-3;

/** A parameter [rows, columns], blocks of B weights, N samples in batches. */
const sizes = fc.record({
  rows: fc.integer({ min: 1, max: 6 }),
  columns: fc.integer({ min: 1, max: 11 }),
  blockSize: fc.constantFrom(1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 31, 64),
  batches: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
  seed: fc.nat(),
});

type Sizes = typeof sizes extends fc.Arbitrary<infer T> ? T : never;

/** One block as dense numbers. */
interface DenseBlock {
  begin: number;
  f: Dense;
  inverse: Dense;
  w: number[];
}

interface Case {
  w: Float32Array;
  batches: Float32Array[];
  blocks: DenseBlock[];
  blockSize: number;
  pruned: (i: number) => boolean;
  close: (actual: number, expected: number, scale?: number) => boolean;
}

function makeCase({ rows, columns, blockSize, batches: counts, seed }: Sizes): Case {
  const random = seeded(seed);
  const size = rows * columns;
  const { data: w } = randomParameter('w', [rows, columns], random);
  const batches = counts.map((count) => randomArray(count * size, random));
  const samples = batches.flatMap((batch) =>
    Array.from({ length: batch.length / size }, (_, n) => [
      ...batch.subarray(n * size, (n + 1) * size),
    ]),
  );
  const blocks: DenseBlock[] = [];
  for (let begin = 0; begin < size; begin += blockSize) {
    const f = denseFisher(
      samples.map((g) => g.slice(begin, begin + blockSize)),
      LAMBDA,
    );
    blocks.push({
      begin,
      f,
      inverse: denseInverse(f),
      w: [...w.subarray(begin, begin + blockSize)],
    });
  }
  const cuts = Array.from({ length: size }, () => random() < 0.5);
  // Gradients are below 1, so that cond(F) ≤ (B + λ)/λ; both sides have that much rounding.
  const tolerance = 200 * ((blockSize + LAMBDA) / LAMBDA) * 2 ** -53;
  return {
    w,
    batches,
    blocks,
    blockSize,
    pruned: (i) => cuts[i],
    close: (actual, expected, scale = Math.abs(expected)) =>
      Math.abs(actual - expected) <= tolerance * scale,
  };
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}

/** δ of a block by definition. */
function denseUpdate({ f, inverse, w }: DenseBlock, q: number[], rule: UpdateRule): number[] {
  if (rule === 'joint' && q.length > 0) return constrainedMinimum(f, w, q);
  const delta = w.map((_, i) =>
    rule === 'independent'
      ? q.reduce((sum, p) => sum - (w[p] / inverse[p][p]) * inverse[i][p], 0)
      : 0,
  );
  for (const p of q) delta[p] = -w[p];
  return delta;
}

for (const engine of ENGINES) {
  for (const solver of ['gram', 'dual', 'woodbury'] as SolverName[]) {
    test(`all that an inverse gives equals the dense definition (${engine}, ${solver})`, async (t) => {
      const property = fc.asyncProperty(sizes, async (size) => {
        const { rows, columns, blockSize, batches: counts } = size;
        const samples = counts.reduce((a, b) => a + b, 0);
        const longest = Math.min(blockSize, rows * columns);
        fc.pre(solver !== 'dual' || samples < 0.8 * longest);
        const { w, batches, blocks, pruned, close } = makeCase(size);
        const parameters = [{ name: 'w', shape: [rows, columns], data: w, prunable: true }];
        const known = { parameters, engine, solver, samples, damping: LAMBDA, blockSize };
        await using fisher = await BlockFisher.create(known);
        for (const batch of batches) await fisher.add({ w: batch });
        const inverse = await fisher.invert();
        const vector = randomArray(w.length, seeded(size.seed + 1));
        const { w: diagonal } = await inverse.diagonal();
        const { w: product } = await inverse.multiply({ w: vector });
        const { w: saliency } = await inverse.saliency();
        const masks = { w: Uint8Array.from(w, (_, i) => (pruned(i) ? 0 : 1)) };
        const updates = await Promise.all(
          (['none', 'independent', 'joint'] as const).map(async (rule) => ({
            rule,
            ...(await inverse.update({ masks, rule })),
          })),
        );
        const losses = updates.map(() => 0);
        for (const block of blocks) {
          const { begin, f, inverse: p, w: own } = block;
          const here = own.map((_, i) => i);
          const exact = multiply(p, [...vector.subarray(begin, begin + own.length)]);
          for (const i of here) {
            t.true(close(diagonal[begin + i], p[i][i]), 'diagonal');
            t.true(close(saliency[begin + i], own[i] ** 2 / (2 * p[i][i])), 'saliency');
            t.true(close(product[begin + i], exact[i], largest(exact) + 1 / LAMBDA), 'product');
          }
          const group = here.filter((i) => i % 2 === 0).slice(0, 8);
          const change = constrainedMinimum(f, own, group);
          const [found] = await inverse.groupSaliency('w', [group.map((i) => begin + i)]);
          t.true(close(found, quadraticForm(f, change) / 2), 'group saliency');
          const q = here.filter((i) => pruned(begin + i));
          updates.forEach(({ rule, weights }, u) => {
            const delta = denseUpdate(block, q, rule);
            const scale = largest(delta) + largest(own);
            for (const i of here) {
              const actual = weights.w[begin + i];
              const expected = pruned(begin + i) ? 0 : own[i] + delta[i];
              t.true(
                close(actual, expected, scale) || Math.abs(actual - expected) <= 2 ** -23 * scale,
                rule,
              );
            }
            const applied = here.map((i) => weights.w[begin + i] - own[i]);
            losses[u] += quadraticForm(f, applied) / 2;
          });
        }
        updates.forEach(({ predictedLossChange }, u) => {
          t.true(
            close(predictedLossChange.w.quadratic, losses[u], losses[u] + 1e-12),
            'predicted loss',
          );
        });
      });
      await t.notThrowsAsync(fc.assert(property, { numRuns: 25 }));
    });
  }
}
