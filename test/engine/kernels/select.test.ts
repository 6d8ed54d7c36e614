import test from 'ava';
import fc from 'fast-check';
import type { BlockRange, Kernels } from '../../../src/engine/kernels.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture } from '../fixture.js';
import { sharedArray } from '../shared-array.js';

const DIGITS = 65536;

/** Scores over which a selection runs. */
interface Ranked {
  fixture: Fixture;
  scores: Float64Array;
}

/** The digit that the weight of this rank among the counted has, and its rank among those with it. */
function locate(counts: Float64Array, rank: number): { digit: number; rank: number } {
  let rest = rank;
  let digit = 0;
  while (counts[digit] <= rest) rest -= counts[digit++];
  return { digit, rank: rest };
}

/** The two halves of a fixture's blocks: counts of ranges are merged by adding. */
function halves(fixture: Fixture): BlockRange[] {
  const blocks = fixture.plan.orders.length;
  const middle = Math.floor(blocks / 2);
  return [fixture.range(0, middle), fixture.range(middle, blocks)];
}

/** The score with this rank, by four passes over 16 bits each. */
function scoreOfRank(kernels: Kernels, { fixture, scores }: Ranked, rank: number) {
  let found = { prefix: 0, rank };
  for (let level = 0; level < 4; level++) {
    // Prefixes that nobody looks for stand on both sides.
    const others = [found.prefix - 1, found.prefix + 1].filter((p) => p >= 0 && level > 0);
    const prefixes = Float64Array.from([found.prefix, ...others]).sort();
    const total = new Float64Array(DIGITS);
    for (const range of halves(fixture)) {
      const counts = sharedArray(Float64Array, prefixes.length * DIGITS);
      const job = { ...range, scores, mask: fixture.mask, level, prefixes, counts };
      expectDone(kernels.countKeys(job));
      const at = prefixes.indexOf(found.prefix) * DIGITS;
      for (let digit = 0; digit < DIGITS; digit++) total[digit] += counts[at + digit];
    }
    const next = locate(total, found.rank);
    if (level < 3) found = { prefix: found.prefix * DIGITS + next.digit, rank: next.rank };
    else return { bits: (BigInt(found.prefix) << 16n) | BigInt(next.digit), rank: next.rank };
  }
  throw new Error('four levels');
}

/** Index in the model's layout of the tie with this rank, by two passes. */
function tieOfRank(kernels: Kernels, { fixture, scores }: Ranked, score: number, rank: number) {
  const { mask, order } = fixture;
  let prefix = 0;
  let rest = rank;
  for (const level of [0, 1]) {
    const total = new Float64Array(DIGITS);
    for (const range of halves(fixture)) {
      const counts = sharedArray(Float64Array, DIGITS);
      expectDone(
        kernels.countTies({ ...range, scores, mask, order, score, level, prefix, counts }),
      );
      counts.forEach((count, digit) => {
        total[digit] += count;
      });
    }
    const next = locate(total, rest);
    rest = next.rank;
    prefix = prefix * DIGITS + next.digit;
  }
  return prefix;
}

const sizes = fc.record({
  axes: fc.tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 9 }),
  ),
  blockSize: fc.integer({ min: 1, max: 300 }),
  /** How many different scores there are. */
  values: fc.constantFrom(1, 2, 5, 1e6),
  masked: fc.constantFrom(0, 0.3),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.nat(),
});

for (const { name, kernels } of engines) {
  test(`select: the weights cut are the first of a sort by score, then by index (${name})`, (t) => {
    const property = fc.property(sizes, ({ axes, blockSize, values, masked, share, seed }) => {
      const [before, outputs, after] = axes;
      const size = before * outputs * after;
      const orders = Array.from({ length: Math.ceil(size / blockSize) }, (_, block) =>
        Math.min(blockSize, size - block * blockSize),
      );
      const order = { before, outputs, after };
      const plan = {
        solver: 'dual',
        orders,
        samples: 1,
        order,
        prunedBefore: masked,
        seed,
      } as const;
      const fixture = new Fixture(plan);
      const { random, mask } = fixture;
      const scores = sharedArray(Float64Array, size).map(() => {
        const value = Math.floor(values * random()) / values;
        return random() < 0.1 ? 0 : value ** 9 * 10 ** Math.floor(40 * value - 20);
      });
      const model = fixture.modelIndices();
      const sorted = [...mask.keys()]
        .filter((c) => mask[c] === 1)
        .sort((a, b) => scores[a] - scores[b] || model[a] - model[b]);
      if (sorted.length === 0) return;
      const count = Math.min(sorted.length, 1 + Math.floor(share * sorted.length));
      const ranked = { fixture, scores };
      const { bits, rank } = scoreOfRank(kernels, ranked, count - 1);
      const score = new Float64Array(BigUint64Array.of(bits).buffer)[0];
      t.is(score, scores[sorted[count - 1]]);
      const lastTie = tieOfRank(kernels, ranked, score, rank);
      t.is(lastTie, model[sorted[count - 1]]);

      const expected = Uint8Array.from(mask);
      for (const c of sorted.slice(0, count)) expected[c] = 0;
      const maskAfter = sharedArray(Uint8Array, size).fill(7);
      const cuts = halves(fixture).map((range) =>
        kernels.cut({ ...range, scores, mask, maskAfter, order, score, lastTie }),
      );
      t.deepEqual([...maskAfter], [...expected]);
      t.is(
        cuts.reduce((total, { value = Number.NaN }) => total + value, 0),
        count,
      );

      // −1: no tie goes.
      expectDone(
        kernels.cut({ ...fixture.range(), scores, mask, maskAfter, order, score, lastTie: -1 }),
      );
      const below = sorted.filter((c) => scores[c] < score);
      t.is(
        maskAfter.reduce((kept, value) => kept + value, 0),
        sorted.length - below.length,
      );
    });
    t.notThrows(() => fc.assert(property, { numRuns: 60 }));
  });
}

for (const { name, kernels } of engines) {
  test(`select: units count their amounts, in keys, ties and cuts (${name})`, (t) => {
    const orders = [40, 70, 13];
    const axes = { outputs: 41, before: 3, after: 1 };
    const fixture = new Fixture({
      ...{ solver: 'dual', orders, samples: 1, order: axes, prunedBefore: 0.2, seed: 8 },
    });
    const { random, mask, size, order } = fixture;
    const scores = sharedArray(Float64Array, size).map(() => Math.floor(3 * random()) / 3);
    const each = sharedArray(Float64Array, size).map(() => Math.floor(9 * random()));
    const model = fixture.modelIndices();
    for (const [amounts, factor] of [
      [each, 5],
      [each, undefined],
      [undefined, 7],
    ] as const) {
      const amount = (c: number): number => (amounts?.[c] ?? 1) * (factor ?? 1);
      const sum = (belongs: (c: number) => boolean): number =>
        [...mask.keys()]
          .filter((c) => mask[c] === 1 && belongs(c))
          .reduce((a, c) => a + amount(c), 0);
      const counts = sharedArray(Float64Array, DIGITS);
      const range = { ...fixture.range(), scores, mask, amounts, factor };
      expectDone(kernels.countKeys({ ...range, level: 0, prefixes: Float64Array.of(0), counts }));
      const bits = new BigUint64Array(Float64Array.from(scores).buffer);
      for (const score of [0, 1 / 3, 2 / 3]) {
        const digit = Number(bits[scores.indexOf(score)] >> 48n);
        t.is(
          counts[digit],
          sum((c) => scores[c] === score),
        );
        const ties = sharedArray(Float64Array, DIGITS);
        const tied = { ...range, order, score, level: 0, prefix: 0 };
        expectDone(kernels.countTies({ ...tied, counts: ties }));
        t.is(
          ties[0],
          sum((c) => scores[c] === score),
        );
        ties.fill(0);
        expectDone(kernels.countTies({ ...tied, level: 1, counts: ties }));
        model.forEach((index, c) => {
          t.is(ties[index], mask[c] === 1 && scores[c] === score ? amount(c) : 0);
        });
        const maskAfter = sharedArray(Uint8Array, size);
        const status = kernels.cut({ ...range, maskAfter, order, score, lastTie: 50 });
        expectDone(status);
        t.is(
          status.value,
          sum((c) => scores[c] < score || (scores[c] === score && model[c] <= 50)),
        );
      }
    }
  });
}
