import type { EngineOption } from '../../../src/engine/engine.js';
import { BlockFisher, type SolverName } from '../../../src/index.js';
import { randomArray, seeded } from '../../random.js';

/** A problem at an edge of what the kernels must do. */
export interface ExtremeProblem {
  title: string;
  solver: SolverName;
  shape: readonly [number, number];
  blockSize: number;
  samples: number;
  damping: number;
  /** The gradient of a weight in a sample, from a random one in (−1, 1). */
  gradient: (g: number, weight: number) => number;
}

/** What the library makes of a problem. */
export interface Answers {
  instructionSet?: string;
  diagonal: number[];
  mask: number[];
  /** By the rules independent and joint. */
  weights: number[][];
  quadratic: number[];
}

const SMALLEST = 2 ** -149;

const plain = { shape: [9, 23], blockSize: 50, samples: 33, damping: 1e-3 } as const;
const full = { ...plain, samples: 120 };
const asItIs = (g: number): number => g;

const GRADIENTS: readonly Omit<ExtremeProblem, 'solver'>[] = [
  { ...plain, title: 'a last block of 7 weights', gradient: asItIs },
  { ...full, title: 'more samples than weights in a block', gradient: asItIs },
  { ...plain, title: 'every fifth weight without gradient', gradient: (g, i) => (i % 5 ? g : 0) },
  { ...plain, title: 'no gradient at all', gradient: () => 0 },
  { ...plain, title: 'denormal gradients', gradient: (g) => Math.round(3 * g) * SMALLEST },
  { ...full, title: 'gradients of 1e18', damping: 1e-5, gradient: (g) => 1e18 * g },
  { ...plain, title: 'one sample', samples: 1, gradient: asItIs },
  { ...plain, title: 'blocks of one weight', blockSize: 1, gradient: asItIs },
  { ...plain, title: 'one weight, one sample', shape: [1, 1], samples: 1, gradient: asItIs },
];

/** Woodbury starts from I/λ, and dual needs fewer samples than a block has weights. */
function suits(solver: SolverName, { title, shape, blockSize, samples }: (typeof GRADIENTS)[0]) {
  if (solver === 'woodbury') return title !== 'gradients of 1e18';
  return solver === 'gram' || samples < Math.min(blockSize, shape[0] * shape[1]);
}

export const EXTREME_PROBLEMS: readonly ExtremeProblem[] = GRADIENTS.flatMap((problem) =>
  (['gram', 'woodbury', 'dual'] as const)
    .filter((solver) => suits(solver, problem))
    .map((solver) => ({ ...problem, solver })),
);

export async function solve(
  { shape, samples, gradient, solver, blockSize, damping }: ExtremeProblem,
  engine: EngineOption,
): Promise<Answers> {
  const random = seeded(samples + blockSize);
  const size = shape[0] * shape[1];
  const parameters = [{ name: 'w', shape, data: randomArray(size, random) }];
  const w = randomArray(samples * size, random).map((g, at) => gradient(g, at % size));
  const options = { parameters, blockSize, solver, samples, damping, engine, threads: 1 };
  await using fisher = await BlockFisher.create(options);
  await fisher.add({ w });
  const inverse = await fisher.invert();
  const masks = await inverse.select({ sparsity: 0.6 });
  const independent = await inverse.update({ masks, rule: 'independent' });
  const joint = await inverse.update({ masks, rule: 'joint' });
  return {
    instructionSet: fisher.engine.instructionSet,
    diagonal: [...(await inverse.diagonal()).w],
    mask: [...masks.w],
    weights: [independent, joint].map(({ weights }) => [...weights.w]),
    quadratic: [independent, joint].map(
      ({ predictedLossChange }) => predictedLossChange.w.quadratic,
    ),
  };
}
