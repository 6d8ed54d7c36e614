import type { KernelName, Kernels } from '../../../src/engine/kernels.js';
import { Fixture } from '../../engine/fixture.js';
import { sharedArray } from '../../engine/shared-array.js';

/** A kernel and a job for it, on shared memory of its own. */
export type Call = readonly [KernelName, object];

/** Calls of several kernels over two blocks of one size. */
export function callsOn(order: number): Call[] {
  const zeroed = (): Fixture => {
    const fixture = new Fixture({ solver: 'gram', orders: [order, order], samples: 150 });
    fixture.states.fill(0);
    return fixture;
  };
  const [accumulated, inverted, updated, searched] = Array.from({ length: 4 }, zeroed);
  const after = sharedArray(Uint8Array, updated.mask);
  for (let c = 0; c < after.length; c += 2) after[c] = 0;
  const { gradients: values, control } = searched;
  return [
    ['accumulate', accumulated.accumulation(accumulated.range(), 0, 150)],
    ['invert', inverted.inversion()],
    ['update', updated.pruning('joint', after)],
    ['findNonFinite', { values, control, begin: 0, end: values.length }],
  ];
}

/** D of a problem that is always the same. */
export function diagonalBy(kernels: Kernels): number[] {
  const fixture = new Fixture({ solver: 'gram', orders: [50, 50, 7], samples: 70, seed: 5 });
  const { outcome } = kernels.invert(fixture.estimate(kernels).inversion());
  if (outcome !== 'done') throw new Error(outcome);
  return [...fixture.diagonal];
}
