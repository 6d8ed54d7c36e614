import test from 'ava';
import { constrainedMinimum, multiply, quadraticForm } from '../../oracle/dense.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, UNTOUCHED } from '../fixture.js';
import { sharedArray } from '../shared-array.js';
import { inverseTolerance, largest } from './close.js';
import { describe, SOLVERS, sweep } from './sweep.js';

/** Groups of 1, 2, 3, … neighbours and of weights far apart, then one of the whole block. */
function groupsOf(begin: number, order: number): number[][] {
  const groups: number[][] = [];
  for (let at = 0, length = 1; at + length <= order; at += length, length++) {
    groups.push(Array.from({ length }, (_, i) => begin + at + i));
  }
  if (order > 5) groups.push([begin + order - 1, begin], [begin + 3, begin + 1, begin + order - 2]);
  groups.push(
    [],
    Array.from({ length: Math.min(order, 40) }, (_, i) => begin + i),
  );
  return groups;
}

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    test(`group saliency: the least loss with all of the group gone (${name}, ${solver})`, (t) => {
      for (const [index, plan] of sweep(solver, 33).entries()) {
        const step = [0, 0.4][index % 2];
        const fixture = new Fixture(plan).estimate(kernels);
        const groups = plan.orders.flatMap((order, block) =>
          groupsOf(fixture.starts[block], order).map((group) => ({ block, group })),
        );
        const offsets = sharedArray(Uint32Array, groups.length + 1);
        groups.forEach(({ group }, g) => {
          offsets[g + 1] = offsets[g] + group.length;
        });
        const saliencies = sharedArray(Float64Array, groups.length).fill(UNTOUCHED);
        const job = {
          ...fixture.range(),
          weights: fixture.weights,
          indices: sharedArray(
            Uint32Array,
            groups.flatMap(({ group }) => group),
          ),
          offsets,
          groupFrom: 1,
          groupTo: groups.length,
          saliencies,
          ...(step === 0 ? {} : fixture.firstOrder(kernels, step)),
        };
        expectDone(kernels.groupSaliency(job));
        t.is(saliencies[0], UNTOUCHED);
        const blocks = plan.orders.map((_, block) => fixture.dense(block));
        groups.forEach(({ block, group }, g) => {
          if (g === 0) return;
          const { f, begin, weights, gradient, inverse } = blocks[block];
          const q = group.map((c) => c - begin);
          // By Karush, Kuhn and Tucker, and not by the formula that the engines use: with −αh taken
          // off first, what is left is a minimum without gradient.
          const h = multiply(inverse, gradient);
          const delta = constrainedMinimum(
            f,
            weights.map((w, i) => w - step * h[i]),
            q,
          );
          const exact = group.length === 0 ? 0 : quadraticForm(f, delta) / 2;
          const allowed =
            inverseTolerance(f, fixture.damping) *
            (exact + fixture.damping * largest(weights) ** 2);
          t.true(
            Math.abs(saliencies[g] - exact) <= allowed,
            `${describe(plan)}, ${q}: ${saliencies[g]}, ${exact}`,
          );
        });
      }
    });
  }
}
