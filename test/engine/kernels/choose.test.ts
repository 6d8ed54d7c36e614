import test from 'ava';
import type { GroupGrid, SolverName } from '../../../src/engine/kernels.js';
import { constrainedMinimum, quadraticForm } from '../../oracle/dense.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, UNTOUCHED } from '../fixture.js';
import { sharedArray } from '../shared-array.js';
import { inverseTolerance, largest } from './close.js';
import { SOLVERS } from './sweep.js';

/** Grids of groups over runs that they fill, and over runs with a rest that is in no group. */
const CASES: readonly { grid: GroupGrid; keep: number; orders: readonly number[] }[] = [
  { grid: { size: 4, length: 8, step: 1 }, keep: 2, orders: [16, 24, 8] },
  { grid: { size: 4, length: 11, step: 1 }, keep: 2, orders: [22, 19, 3] },
  { grid: { size: 2, length: 5, step: 3 }, keep: 1, orders: [12, 3, 15, 15] },
  { grid: { size: 3, length: 3, step: 5 }, keep: 1, orders: [30, 15] },
  { grid: { size: 8, length: 16, step: 1 }, keep: 3, orders: [16, 32] },
  { grid: { size: 5, length: 6, step: 1 }, keep: 4, orders: [11, 7] },
];

/** Groups by the definition: members in ascending order, by number. */
function groupsOf({ size, length, step }: GroupGrid, weights: number): number[][] {
  const groups: number[][] = [];
  for (let run = 0; run < weights; run += length * step) {
    for (let t = 0; t < Math.floor(length / size); t++) {
      for (let l = 0; l < step; l++) {
        groups.push(Array.from({ length: size }, (_, i) => run + (t * size + i) * step + l));
      }
    }
  }
  return groups;
}

/** All subsets of a size, in lexicographic order. */
function subsets(members: readonly number[], count: number): number[][] {
  if (count === 0) return [[]];
  return members.flatMap((first, i) =>
    subsets(members.slice(i + 1), count - 1).map((rest) => [first, ...rest]),
  );
}

function samplesFor(solver: SolverName, orders: readonly number[]): number {
  return solver === 'dual' ? Math.max(1, Math.floor(0.6 * Math.max(...orders))) : 20;
}

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    test(`N:M: the subset that goes is the cheapest of all (${name}, ${solver})`, (t) => {
      CASES.forEach(({ grid, keep, orders }, index) => {
        for (const prunedBefore of [0, 0.3]) {
          const fixture = new Fixture({
            ...{ solver, orders, prunedBefore, seed: 11 + index },
            samples: samplesFor(solver, orders),
          }).estimate(kernels);
          const { mask, weights, size, starts } = fixture;
          const groups = groupsOf(grid, size);
          const maskAfter = sharedArray(Uint8Array, size).fill(7);
          const costs = sharedArray(Float64Array, groups.length + 1).fill(UNTOUCHED);
          const middle = Math.floor(orders.length / 2);
          const pruned = [fixture.range(0, middle), fixture.range(middle)].map((range) => {
            const job = { ...range, grid, keep, weights, mask, maskAfter, costs };
            const status = kernels.chooseSubsets(job);
            expectDone(status);
            return status.value ?? Number.NaN;
          });
          t.is(costs[groups.length], UNTOUCHED);
          const inGroups = new Set(groups.flat());
          for (let c = 0; c < size; c++) if (!inGroups.has(c)) t.is(maskAfter[c], mask[c]);
          let gone = 0;
          groups.forEach((group, g) => {
            const there = group.filter((c) => mask[c] === 1);
            const went = there.filter((c) => maskAfter[c] === 0);
            gone += went.length;
            t.is(went.length, Math.max(0, there.length - keep));
            if (went.length === 0) {
              t.is(costs[g], 0);
              return;
            }
            const block = starts.findIndex((start) => start > group[0]) - 1;
            t.true(group[group.length - 1] < starts[block + 1]);
            const { f, begin, weights: w } = fixture.dense(block);
            const cost = (q: readonly number[]): number =>
              quadraticForm(
                f,
                constrainedMinimum(
                  f,
                  w,
                  q.map((c) => c - begin),
                ),
              ) / 2;
            const least = Math.min(...subsets(there, went.length).map(cost));
            const allowed =
              inverseTolerance(f, fixture.damping) * (least + fixture.damping * largest(w) ** 2);
            t.true(cost(went) <= least + allowed);
            t.true(Math.abs(costs[g] - least) <= allowed);
          });
          t.is(pruned[0] + pruned[1], gone);
        }
      });
    });

    test(`N:M: of equal subsets the first goes (${name}, ${solver})`, (t) => {
      const orders = [16];
      const fixture = new Fixture({ solver, orders, samples: 2 });
      fixture.gradients.fill(0);
      fixture.weights.fill(0.5);
      fixture.estimate(kernels);
      const grid = { size: 8, length: 16, step: 1 };
      const { mask, weights } = fixture;
      const maskAfter = sharedArray(Uint8Array, 16);
      const costs = sharedArray(Float64Array, 2);
      const job = { ...fixture.range(), grid, keep: 3, weights, mask, maskAfter, costs };
      expectDone(kernels.chooseSubsets(job));
      t.deepEqual([...maskAfter], [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1]);
    });
  }

  test(`N:M by scores: the smallest go, ties by index (${name})`, (t) => {
    CASES.forEach(({ grid, keep, orders }, index) => {
      const fixture = new Fixture({
        ...{ solver: 'dual', orders, samples: 1, prunedBefore: 0.2, seed: index },
      });
      const { mask, size, random } = fixture;
      const scores = sharedArray(Float64Array, size).map(() => Math.floor(4 * random()) / 4);
      const groups = groupsOf(grid, size);
      const maskAfter = sharedArray(Uint8Array, size).fill(7);
      const costs = sharedArray(Float64Array, groups.length);
      const job = { ...fixture.range(), grid, keep, scores, mask, maskAfter, costs };
      const status = kernels.chooseSmallest(job);
      expectDone(status);
      const expected = Uint8Array.from(mask);
      groups.forEach((group, g) => {
        const there = group.filter((c) => mask[c] === 1);
        const sorted = [...there].sort((a, b) => scores[a] - scores[b] || a - b);
        const went = sorted.slice(0, Math.max(0, there.length - keep));
        for (const c of went) expected[c] = 0;
        t.is(
          costs[g],
          went.reduce((sum, c) => sum + scores[c], 0),
        );
      });
      t.deepEqual([...maskAfter], [...expected]);
      const zeros = (values: Uint8Array) => values.reduce((sum, v) => sum + 1 - v, 0);
      t.is(status.value, zeros(maskAfter) - zeros(mask));
    });
  });
}
