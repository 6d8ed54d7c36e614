import { mkdir } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import type { EngineName } from '../../src/engine/engine.js';
import { type Asked, inMemory, inSlabs, type Problem, planOf, resultsOf } from './problem.js';

/**
 * Compares results, masks and statistics of both ways, to the bit.
 *
 * @param share Of the memory; see planOf.
 * @returns The number of slabs.
 */
export async function compare(
  t: ExecutionContext,
  problem: Problem,
  asked: Asked,
  share: number,
  folder: string,
): Promise<number> {
  const plan = planOf(problem, asked, share);
  await mkdir(folder);
  const engine = asked.engine as EngineName;
  const found = await inSlabs(problem, asked, plan, folder, engine);
  const expected = await inMemory(problem, asked);
  for (const [i, { name, data, mask }] of (await resultsOf(found)).entries()) {
    t.is(name, expected.parameters[i].name);
    t.deepEqual(data, [...expected.parameters[i].data]);
    t.deepEqual(mask, [...expected.parameters[i].mask]);
  }
  t.deepEqual({ ...found.statistics, phases: [] }, { ...expected.statistics, phases: [] });
  return plan.slabs.length;
}
