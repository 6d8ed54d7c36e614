import test from 'ava';
import type { StateRange } from '../../../src/engine/kernels.js';
import { type Dense, inverse, multiply } from '../../oracle/dense.js';
import { kronecker, part } from '../../oracle/kronecker.js';
import { seeded } from '../../random.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, UNTOUCHED } from '../fixture.js';
import { sharedArray } from '../shared-array.js';

const random = seeded(8);

/** A random symmetric positive definite matrix, and its packed lower triangle. */
function definite(order: number): { dense: Dense; packed: Float64Array } {
  const factor = Array.from({ length: order }, () =>
    Array.from({ length: order + 2 }, () => 2 * random() - 1),
  );
  const dense = factor.map((a) => factor.map((b) => a.reduce((sum, x, k) => sum + x * b[k], 0)));
  return { dense, packed: Float64Array.from(dense.flatMap((row, i) => row.slice(0, i + 1))) };
}

for (const { name, kernels } of engines) {
  for (const [outer, inner, blockSize, pruned] of [
    [3, 5, 4, 0],
    [4, 3, 7, 0],
    [5, 6, 8, 0.4],
    [2, 9, 18, 0.9],
    [7, 1, 3, 0.3],
  ] as const) {
    test(`kronecker: ${outer}×${inner} in blocks of ${blockSize}, ${pruned} pruned, is the dense product (${name})`, (t) => {
      const [x, y] = [definite(inner), definite(outer)];
      const whole = kronecker(y.dense, x.dense);
      const size = outer * inner;
      const starts = Array.from({ length: Math.ceil(size / blockSize) }, (_, b) => b * blockSize);
      const mask = Uint8Array.from({ length: size }, () => (random() < pruned ? 0 : 1));
      const stride = (blockSize * (blockSize + 1)) / 2;
      const states = sharedArray(Float64Array, starts.length * stride).fill(UNTOUCHED);
      const range: StateRange = {
        starts: Uint32Array.from([...starts, size]),
        ...{ from: 1, to: starts.length, control: sharedArray(Int32Array, 2) },
        ...{ solver: 'woodbury', states, firstBlock: 0, stride, samples: 1, damping: 0.5 },
      };
      const from = starts.length > 1 ? 1 : 0;
      const factors = { inner, innerInverse: x.packed, outerInverse: y.packed, mask };
      expectDone(kernels.kronecker({ ...range, from, ...factors }));
      for (const [b, begin] of starts.entries()) {
        const block = Array.from(
          { length: Math.min(blockSize, size - begin) },
          (_, i) => begin + i,
        );
        const own = part(whole, block);
        const gone = [...block.keys()].filter((i) => mask[block[i]] === 0);
        const middle = gone.length === 0 ? [] : inverse(part(own, gone));
        for (let i = 0; i < block.length; i++) {
          for (let j = 0; j <= i; j++) {
            const side = (r: number): number[] => gone.map((q) => own[r][q]);
            const share = multiply(middle, side(j)).reduce((sum, v, k) => sum + v * side(i)[k], 0);
            const held = gone.includes(i) || gone.includes(j);
            const exact = held ? (i === j ? 2 : 0) : own[i][j] - share;
            const found = states[b * stride + (i * (i + 1)) / 2 + j];
            if (b < from) t.is(found, UNTOUCHED);
            else
              t.true(
                Math.abs(found - exact) <= 1e-9 * (1 + Math.abs(own[i][j])),
                `${found}, ${exact}`,
              );
          }
        }
      }
    });
  }

  test(`kronecker: a pivot that is not positive is named (${name})`, (t) => {
    const [x, y] = [definite(3), definite(2)];
    x.packed[2] = -1; // entry (1, 1)
    const states = sharedArray(Float64Array, 21);
    const status = kernels.kronecker({
      ...{ starts: Uint32Array.of(0, 6), from: 0, to: 1, control: sharedArray(Int32Array, 2) },
      ...{ solver: 'woodbury', states, firstBlock: 0, stride: 21, samples: 1, damping: 0.5 },
      ...{ inner: 3, innerInverse: x.packed, outerInverse: y.packed },
      mask: Uint8Array.of(1, 1, 1, 1, 0, 1),
    });
    t.deepEqual([status.outcome, status.block, status.pivot], ['not-positive-definite', 0, 4]);
  });

  test(`invertWhole: every entry is that of the dense inverse, other blocks untouched (${name})`, (t) => {
    const fixture = new Fixture({ solver: 'gram', orders: [33, 1, 65, 8], samples: 40 });
    fixture.estimate(kernels);
    const inverses = sharedArray(Float64Array, fixture.states.length).fill(UNTOUCHED);
    expectDone(kernels.invertWhole({ ...fixture.range(1, 3), inverses }));
    for (const block of [0, 1, 2, 3]) {
      const { inverse: exact, order } = fixture.dense(block);
      for (let i = 0; i < order; i++) {
        for (let j = 0; j <= i; j++) {
          const found = inverses[block * fixture.stride + (i * (i + 1)) / 2 + j];
          if (block === 0 || block === 3) t.is(found, UNTOUCHED);
          else t.true(Math.abs(found - exact[i][j]) <= 1e-8 / fixture.damping);
        }
      }
    }
  });

  test(`sumScores: values between and at thresholds, of few and of many (${name})`, (t) => {
    const fixture = new Fixture({
      solver: 'gram',
      orders: [100, 57],
      samples: 3,
      prunedBefore: 0.2,
    });
    const scores = Float64Array.from({ length: 157 }, () => Math.floor(random() * 120));
    const values = scores.map((score) => score + random());
    for (const thresholds of [
      [],
      [40],
      [3, 40, 41, 200],
      Array.from({ length: 70 }, (_, i) => i),
    ]) {
      const sums = new Float64Array(2 * thresholds.length);
      const job = { ...fixture.range(1, 2), scores, values, mask: fixture.mask };
      expectDone(kernels.sumScores({ ...job, thresholds: Float64Array.from(thresholds), sums }));
      const sum = (holds: (score: number) => boolean): number =>
        values.reduce((total, value, c) => {
          return c >= 100 && fixture.mask[c] === 1 && holds(scores[c]) ? total + value : total;
        }, 0);
      thresholds.forEach((threshold, j) => {
        const before = j === 0 ? -1 : thresholds[j - 1];
        const between = sum((score) => score > before && score < threshold);
        t.true(Math.abs(sums[2 * j] - between) < 1e-9);
        t.true(Math.abs(sums[2 * j + 1] - sum((score) => score === threshold)) < 1e-9);
      });
    }
  });
}
