import { formatError, quote } from '../../formats/errors.js';
import type { Lease } from '../../memory/arena.js';
import { firstDifference } from '../../memory/first-difference.js';
import type { Parameter } from '../../parameters.js';
import type { ParameterShape } from '../block-shape.js';
import { type BlockedParameter, blockParameters } from '../blocked-parameter.js';
import type { StateSource } from './state-source.js';

/** The parameters of a state, without their data. */
export function describedShapes(source: StateSource): ParameterShape[] {
  return source.description.parameters.map(({ name, outputAxis }, index) => ({
    ...{ name, outputAxis, prunable: true },
    shape: source.shape(index),
  }));
}

/** The parameters of a state, with its weights and masks, cut into the blocks that it has. */
export async function describedParameters(
  source: StateSource,
  lease: Lease,
): Promise<BlockedParameter[]> {
  const parameters: Parameter[] = [];
  for (const [index, shape] of describedShapes(source).entries()) {
    const data = await source.vector('weight', index);
    parameters.push({ ...shape, data, mask: await source.vector('mask', index) });
  }
  const blocked = await blockParameters(parameters, source.description.blockSize, lease);
  await requireSameCut(source, blocked);
  return blocked;
}

/** Refuses a state whose blocks are not those of the parameters. */
export async function requireSameCut(
  source: StateSource,
  parameters: readonly BlockedParameter[],
): Promise<void> {
  for (const [index, { name, starts }] of parameters.entries()) {
    const found = await source.starts(index);
    const same = found.length === starts.length && (await firstDifference(found, starts)) === -1;
    if (same) continue;
    throw formatError(
      source.name,
      `tensor ${quote(`starts:${name}`)} must cut the ${starts[starts.length - 1]} weights into blocks of ${source.description.blockSize}, but does not`,
      { parameter: name },
    );
  }
}
