import type { AxisOrder, SolverName } from '../../../src/engine/kernels.js';
import type { Plan } from '../fixture.js';

export const SOLVERS: readonly SolverName[] = ['gram', 'woodbury', 'dual'];

/** Block sizes at which some tile, strip or vector is full, one short or one over, and primes. */
const SIZES = [
  1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 63, 64, 65, 100, 127,
] as const;

/** The same weights as [before, outputs, after] in all the ways of three factors of their number. */
function axisOrders(size: number): AxisOrder[] {
  const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((d) => size % d === 0);
  return divisors.flatMap((before) =>
    divisors
      .filter((outputs) => (size / before) % outputs === 0)
      .map((outputs) => ({ before, outputs, after: size / before / outputs })),
  );
}

/**
 * For every block size: two full blocks and a short one (or, for every third size, one block that is
 * larger than its parameter), with N below and above B, axis orders, masks and factors in turn.
 */
export function sweep(solver: SolverName, largest = 127): Plan[] {
  return SIZES.filter((size) => size <= largest).flatMap((size, index) => {
    const short = Math.max(1, Math.floor(size / 3));
    const orders = index % 3 === 2 ? [short] : [size, size, short];
    const total = orders.reduce((a, b) => a + b, 0);
    const axes = axisOrders(total);
    const counts = [Math.ceil(size / 2), 2 * size + 1].filter(
      (count) => solver !== 'dual' || count < 0.8 * Math.max(...orders) || size === 1,
    );
    return counts.map((samples, k) => ({
      solver,
      orders,
      samples,
      seed: 100 * size + k,
      order: axes[(7 * index + 3 * k) % axes.length],
      prunedBefore: (index + k) % 2 === 0 ? 0 : 0.3,
      factored: (index + k) % 4 === 1,
    }));
  });
}

/** What a plan is, in a few words. */
export function describe({ solver, orders, samples, order, prunedBefore, factored }: Plan): string {
  const axes = order === undefined ? '' : ` [${order.before}, ${order.outputs}, ${order.after}]`;
  const extras = `${prunedBefore ? ' masked' : ''}${factored ? ' factored' : ''}`;
  return `${solver} B = ${orders.join(', ')} N = ${samples}${axes}${extras}`;
}
