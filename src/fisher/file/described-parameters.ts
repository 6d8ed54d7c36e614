import { isDeepStrictEqual } from 'node:util';
import { blockParameters } from '../../blocks/block-parameters.js';
import { type ParameterShape, sizeOf } from '../../blocks/block-shape.js';
import type { BlockedParameter } from '../../blocks/blocked-parameter.js';
import { groupLayout } from '../../blocks/parameter-groups.js';
import type { ParsedPattern } from '../../blocks/pattern.js';
import { WoodFisherError } from '../../errors.js';
import { formatError, quote } from '../../formats/errors.js';
import type { Lease } from '../../memory/arena.js';
import { firstDifference } from '../../memory/first-difference.js';
import type { Parameter } from '../../parameters.js';
import { patternOf } from './description.js';
import type { StateSource } from './state-source.js';

/** The parameters of a state, without their data. */
export async function describedShapes(source: StateSource): Promise<ParameterShape[]> {
  const shapes: ParameterShape[] = [];
  for (const [index, { name, outputAxis }] of source.description.parameters.entries()) {
    const shape = source.shape(index);
    const survivors = Math.min((await source.starts(index)).at(-1) ?? 0, sizeOf(shape));
    shapes.push({ name, outputAxis, prunable: true, shape, survivors });
  }
  return shapes;
}

/** The parameters of a state, with its weights and masks, cut into the blocks that it must have. */
export async function describedParameters(
  source: StateSource,
  pattern: ParsedPattern,
  lease: Lease,
): Promise<BlockedParameter[]> {
  const parameters: Parameter[] = [];
  for (const [index, shape] of (await describedShapes(source)).entries()) {
    const data = await source.vector('weight', index);
    parameters.push({ ...shape, data, mask: await source.vector('mask', index) });
  }
  const { blockSize, blocks } = source.description;
  const blocked = await blockParameters(parameters, { blockSize, blocks, pattern }, lease);
  await requireSameCut(source, blocked, pattern);
  return blocked;
}

/** Refuses a state whose blocks are not those of the parameters. */
export async function requireSameCut(
  source: StateSource,
  parameters: readonly BlockedParameter[],
  pattern: ParsedPattern,
): Promise<void> {
  const saved = patternOf(source.description);
  for (const [index, parameter] of parameters.entries()) {
    const { name, starts } = parameter;
    const { places: _, ...order } = parameter.order;
    const found = await source.starts(index);
    const same = found.length === starts.length && (await firstDifference(found, starts)) === -1;
    if (same && isDeepStrictEqual(groupLayout(parameter, saved).order, order)) continue;
    if (describe(saved) !== describe(pattern)) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_STATE',
        `${source.name} was cut into blocks for ${describe(saved)}, and ${describe(pattern)} cuts parameter ${quote(name)} at other places; estimate the Fisher for that pattern`,
        { parameter: name, option: 'pattern' },
      );
    }
    throw formatError(
      source.name,
      `tensor ${quote(`starts:${name}`)} must cut the ${starts[starts.length - 1]} weights into blocks of ${source.description.blockSize}, but does not`,
      { parameter: name },
    );
  }
}

function describe(pattern: ParsedPattern): string {
  const axis = 'axis' in pattern ? ` along patternAxis ${pattern.axis}` : '';
  return `pattern "${pattern.text}"${axis}`;
}
