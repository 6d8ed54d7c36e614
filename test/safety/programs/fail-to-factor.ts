// Makes factorisations fail through the public API. Argument: the engine. Prints what was thrown,
// and whether what the message advises helps.
import type { EngineOption } from '../../../src/engine/engine.js';
import { BlockFisher, type Parameter, prune, WoodFisherError } from '../../../src/index.js';
import { randomArray, seeded } from '../../random.js';

/** What was thrown, or done. */
export interface Failure {
  title: string;
  code?: string;
  message?: string;
  details?: { parameter?: string; block?: number; pivot?: number; value?: unknown };
  /** Whether the same samples had an inverse with a larger damping. */
  helped: boolean;
}

const engine = process.argv[2] as EngineOption;
const random = seeded(3);
const ORDER = 16;
const SAMPLES = 4;

/** A block of 6 weights and three of 16: each is longer than there are samples, as dual demands. */
const parameters: Parameter[] = [
  { name: 'head.weight', shape: [2, 3], data: randomArray(6, random) },
  { name: 'body.weight', shape: [3, ORDER], data: randomArray(3 * ORDER, random) },
];

/**
 * Samples under which the last block of body.weight has F = λI + 2^120 · 11ᵀ: λ is lost beside the
 * second term, all of it is exact in float64, and the second pivot is zero.
 */
const batch = {
  'head.weight': randomArray(SAMPLES * 6, random),
  'body.weight': randomArray(SAMPLES * 3 * ORDER, random).map((g, i) =>
    i % (3 * ORDER) < 2 * ORDER ? g : 2 ** 60,
  ),
};

const options = { parameters, blockSize: ORDER, engine, threads: 1, samples: SAMPLES } as const;
const gradients = [batch];

async function attempt(
  title: string,
  call: (damping: number) => Promise<unknown>,
): Promise<Failure> {
  try {
    await call(1e-5);
    return { title, helped: false };
  } catch (error) {
    if (!(error instanceof WoodFisherError)) throw error;
    const { code, message, details } = error;
    await call(2 ** 120);
    return { title, code, message, details, helped: true };
  }
}

const failures: Failure[] = [];
for (const solver of ['gram', 'dual'] as const) {
  await using fisher = await BlockFisher.create({ ...options, solver });
  await fisher.add(batch);
  failures.push(
    await attempt(`invert by ${solver}`, async (damping) => {
      const inverse = await fisher.invert({ damping });
      await inverse.diagonal();
    }),
    await attempt(`prune by ${solver}`, (damping) =>
      prune({ ...options, solver, gradients, sparsity: 0.5, damping }),
    ),
    // No inverse is made for this criterion, so that the update is the first to factor.
    await attempt(`joint update by ${solver}`, (damping) =>
      prune({
        ...options,
        solver,
        gradients,
        sparsity: 0.5,
        scope: 'layer',
        criterion: 'magnitude',
        update: 'joint',
        damping,
      }),
    ),
  );
}
console.log(JSON.stringify(failures));
