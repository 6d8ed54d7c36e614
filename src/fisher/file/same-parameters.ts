import type { BlockedParameter } from '../../blocks/blocked-parameter.js';
import { toBlockOrder, toModelLayout } from '../../blocks/layout.js';
import type { ParsedPattern } from '../../blocks/pattern.js';
import { WoodFisherError } from '../../errors.js';
import { quote } from '../../formats/errors.js';
import { firstDifference } from '../../memory/first-difference.js';
import { requireSameCut } from './described-parameters.js';
import type { StateSource } from './state-source.js';

/**
 * Refuses a state that is not of these parameters; the message names what differs. Tells whether it
 * was made at these very weights.
 */
export async function requireSameParameters(
  source: StateSource,
  parameters: readonly BlockedParameter[],
  pattern: ParsedPattern,
): Promise<{ sameWeights: boolean }> {
  const saved = source.description.parameters;
  const differ = (what: string, found: unknown, wanted: unknown, parameter?: string): never => {
    throw new WoodFisherError(
      'ERR_WOODFISHER_STATE',
      `${source.name} is of another model: ${what}, ${found}, must be ${wanted}`,
      { parameter },
    );
  };
  const lists = [saved, parameters].map((some) => some.map(({ name }) => quote(name)).join(', '));
  if (lists[0] !== lists[1]) differ('the list of its parameters', lists[0], lists[1]);
  let sameWeights = true;
  for (const [index, parameter] of parameters.entries()) {
    const { name, shape, outputAxis, order, size, modelSize, weights } = parameter;
    const of = `of ${quote(name)}`;
    const found = source.shape(index);
    if (`${found}` !== `${shape}`) differ(`the shape ${of}`, `[${found}]`, `[${shape}]`, name);
    const savedAxis = saved[index].outputAxis;
    if (savedAxis !== outputAxis) differ(`the output axis ${of}`, savedAxis, outputAxis, name);
    const savedMask = await source.vector('mask', index);
    const mask = new Uint8Array(modelSize);
    await toModelLayout(order, parameter.mask, mask);
    const at = await firstDifference(mask, savedMask);
    if (at !== -1) differ(`the mask ${of}`, savedMask[at], `${mask[at]} at ${at}`, name);
    const savedWeights = new Float32Array(size);
    await toBlockOrder(order, await source.vector('weight', index), savedWeights);
    sameWeights &&= (await firstDifference(weights, savedWeights)) === -1;
  }
  await requireSameCut(source, parameters, pattern);
  return { sameWeights };
}
